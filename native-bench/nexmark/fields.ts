/** Parts of queries that a statement would have functions for. */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Days in UTC as `yyyy-MM-dd`. */
export function dayText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Minutes in UTC as `HH:mm`. */
export function minuteText(time: number): string {
  return new Date(time).toISOString().slice(11, 16);
}

/** Which part of the day it is, in UTC. */
export function partOfDay(time: number): 'dayTime' | 'nightTime' | 'otherTime' {
  const hour = Math.floor((time % DAY_MS) / HOUR_MS);
  if (hour >= 8 && hour <= 18) return 'dayTime';
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime';
}

/** How often a letter is in a text. */
export function letterCount(text: string, letter: string): number {
  let count = 0;
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) count++;
  return count;
}

/** Dollars to euros. The product is a whole number, so that the quotient is right to the last bit. */
export function inEuros(price: number): number {
  return (price * 908) / 1000;
}

/** A decimal of three digits behind the point. */
export function decimal(value: number): string {
  return value.toFixed(3);
}

export const LOW_PRICE = 10_000;
export const HIGH_PRICE = 1_000_000;

/** 1 below the low price, 3 from the high price on, else 2. */
export function rankOf(price: number): 1 | 2 | 3 {
  if (price < LOW_PRICE) return 1;
  return price < HIGH_PRICE ? 2 : 3;
}
