/** Light, dark, or as the system has it. Kept in the browser, as nothing else is. */
import { Store } from './store.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = 'millrace-theme';
const SYSTEM = matchMedia('(prefers-color-scheme: dark)');

function keptTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return THEMES.find((theme) => theme === kept) ?? 'system';
}

export const theme = new Store<Theme>(keptTheme());

/** Changes with what is to be seen, for what is drawn on a canvas. */
export const shade = new Store<'light' | 'dark'>('light');

function apply(): void {
  const chosen = theme.value === 'system' ? (SYSTEM.matches ? 'dark' : 'light') : theme.value;
  document.documentElement.dataset.theme = chosen;
  shade.set(chosen);
}

export function setTheme(chosen: Theme): void {
  localStorage.setItem(KEPT, chosen);
  theme.set(chosen);
  apply();
}

SYSTEM.addEventListener('change', apply);
apply();
