/** The graph of a large job can be read: no box lies on another, every text is within its box, keys lead to all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { picture, SKIP, useBrowser, whileLooking } from './browser.ts';
import { wide } from './jobs/wide.ts';

const held = useBrowser();

type Box = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};
type Text = Box & { readonly text: string };
type Seen = {
  readonly vertices: readonly { readonly box: Box; readonly texts: readonly Text[] }[];
  readonly labels: readonly Text[];
};

/** All that is drawn, in one look. */
const SEEN = `(() => {
  const boxOf = (one) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    return { x, y, width, height };
  };
  const textsOf = (parent, what) =>
    [...parent.querySelectorAll(what)]
      .filter((one) => one.textContent !== '')
      .map((one) => ({ text: one.textContent, ...boxOf(one) }));
  const vertices = [...document.querySelectorAll('.vertex')].map((one) => ({
    box: boxOf(one.querySelector('.box')),
    texts: textsOf(one, 'text'),
  }));
  return { vertices, labels: textsOf(document, '.edge text') };
})()`;

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Half a pixel for what is rounded. */
const ROUNDED = 0.5;

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x - ROUNDED &&
    inner.y >= outer.y - ROUNDED &&
    inner.x + inner.width <= outer.x + outer.width + ROUNDED &&
    inner.y + inner.height <= outer.y + outer.height + ROUNDED
  );
}

/** Lines of letters touch, and do not cover each other. */
function letters({ x, y, width, height }: Box): Box {
  return { x: x + 1, y: y + height * 0.15, width: width - 2, height: height * 0.7 };
}

/** Two that cover each other; undefined for none. */
function covered<B extends Box>(boxes: readonly B[]): readonly B[] | undefined {
  for (const [n, box] of boxes.entries()) {
    const other = boxes.slice(n + 1).find((one) => overlaps(box, one));
    if (other !== undefined) return [box, other];
  }
  return undefined;
}

test('forty vertices, each to be read', { skip: SKIP }, async () => {
  await whileLooking(held, wide, {}, async ({ page, open }) => {
    await open('graph');
    await page.locator('.edge .rate', { hasText: '/s' }).first().waitFor();
    const { vertices, labels } = (await page.evaluate(SEEN)) as Seen;
    assert.equal(vertices.length, 40);
    assert.ok(labels.length > 40);
    assert.equal(covered(vertices.map(({ box }) => box)), undefined);
    for (const { box, texts } of vertices) {
      assert.ok(texts.length > 3);
      for (const text of texts) assert.ok(isWithin(text, box), `'${text.text}' leaves its box`);
      const own = texts.map((text) => ({ text: text.text, ...letters(text) }));
      assert.equal(covered(own), undefined);
      for (const label of labels) {
        assert.ok(!overlaps(letters(label), box), `'${label.text}' lies on '${texts[0]!.text}'`);
      }
    }
    const first = page.locator('.vertex .box').first();
    const { height } = (await first.boundingBox())!;
    await page.getByRole('button', { name: 'Larger' }).click();
    assert.ok((await first.boundingBox())!.height > height);
    await page.getByRole('button', { name: 'Fit' }).click();
    assert.equal((await first.boundingBox())!.height, height);
    await picture(page, 'graph-of-forty');
  });
});

test('a vertex whose steps are described tells it when it is open', { skip: SKIP }, async () => {
  await whileLooking(held, wide, {}, async ({ page, open }) => {
    await open('graph');
    const drawer = page.locator('.drawer');
    await page.locator('.vertex', { hasText: 'step 1' }).first().click();
    await drawer.getByText(/^Adds one to what came from \d > back$/).waitFor();
    await page.locator('.vertex', { hasText: 'quarter 0' }).first().click();
    await drawer.getByRole('heading', { name: 'quarter 0' }).waitFor();
    assert.equal(await drawer.locator('.description').count(), 0);
  });
});

test('a vertex is reached, opened and left by keys', { skip: SKIP }, async () => {
  await whileLooking(held, wide, {}, async ({ page, open }) => {
    await open('graph');
    await page.getByRole('button', { name: 'Fit' }).focus();
    const vertex = page.locator('.vertex:focus');
    // What scrolls may be reached first.
    for (let n = 0; n < 2 && (await vertex.count()) === 0; n++) await page.keyboard.press('Tab');
    const name = await vertex.getAttribute('aria-label');
    assert.match(name!, /^ticks \d, 1 subtask, busy \d+ %, back-pressured \d+ %$/);
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('complementary');
    await drawer.getByRole('row').nth(1).waitFor();
    assert.match(page.url(), /#\/graph\/\d+$/);
    await page.locator('.drawer h2:focus').waitFor();
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    // The same vertex; how busy it is may have changed since.
    const [same] = (await vertex.getAttribute('aria-label'))!.split(',');
    assert.equal(same, name!.split(',')[0]);
  });
});
