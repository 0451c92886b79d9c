/** The verdict as a person reads it: what it is, what to do, and folded below it what it rests on. */
import type { SignerReport } from '../verify/signer-report.ts';
import type { Check } from '../verify/verdict.ts';
import { countText, dateText, nameOf, shown, sizeText } from './display-text.ts';
import { element, icon } from './elements.ts';
import type { PageVerdict, ShownEntry, ShownInventory } from './messages.ts';
import type { PageSettings } from './page-settings.ts';
import { type Words, wordsFor } from './plain-words.ts';

export interface Judged {
  readonly verdict: PageVerdict;
  readonly fileName: string;
  readonly fileSize: number;
}

/** @returns the heading, which takes the focus, and everything of which it is a part */
export function verdictView(judged: Judged, settings: PageSettings): { heading: HTMLElement; words: Words; view: HTMLElement } {
  const { verdict, fileName } = judged;
  const { statement } = verdict;
  const signer = counted(verdict.signers);
  const words = wordsFor(verdict, {
    ...settings,
    product: statement?.product,
    version: statement && shown(statement.version),
    signer: signer && shown(nameOf(signer.certificate.subject)),
  });
  const heading = element('h2', { id: 'verdict-heading', tabindex: '-1' }, words.heading);
  const banner = element(
    'div',
    { class: 'banner' },
    icon(words.tone),
    element('div', {}, element('p', { class: 'file' }, element('bdi', {}, shown(fileName))), heading, element('p', {}, words.meaning)),
  );
  const advice = element('ul', { class: 'advice' }, ...words.advice.map((line) => element('li', {}, line)));
  const view = element('div', { class: 'verdict', 'data-tone': words.tone }, banner, element('h3', {}, 'What to do'), advice);
  view.append(...factsOf(judged, settings, signer));
  if (verdict.inventory) view.append(filesOf(verdict.inventory));
  view.append(checksOf(verdict));
  if (verdict.signers.length > 0) view.append(signersOf(verdict.signers));
  return { heading, words, view };
}

/** The one who is believed, else the first who is named. */
function counted(signers: readonly SignerReport[]): SignerReport | undefined {
  return signers.find(({ refusal }) => !refusal) ?? signers[0];
}

function factsOf({ verdict, fileSize }: Judged, settings: PageSettings, signer: SignerReport | undefined): HTMLElement[] {
  const { statement, exitCode } = verdict;
  const facts: [string, string][] = [];
  if (statement) {
    const own = settings.products.includes(statement.product) ? ` (${statement.product})` : '';
    facts.push(['Product', own === '' || settings.productName === statement.product ? statement.product : settings.productName + own]);
    facts.push(['Version', shown(statement.version)]);
  }
  if (signer) {
    facts.push([signer.refusal ? 'Name in the seal' : 'Publisher', shown(nameOf(signer.certificate.subject))]);
    const when = sealedOn(signer);
    if (when) facts.push(['Sealed on', when]);
  }
  facts.push(['File size', sizeText(fileSize)]);
  const list = element('dl', { class: 'facts' });
  for (const [name, value] of facts) list.append(element('div', {}, element('dt', {}, name), element('dd', {}, element('bdi', {}, value))));
  if (exitCode === 0) return [element('h3', {}, 'About this file'), list];
  const doubt =
    statement || signer ? [element('p', { class: 'aside' }, 'This is what the seal says. As the check failed, do not rely on it.')] : [];
  return [element('h3', {}, 'About this file'), ...doubt, list];
}

function sealedOn({ provenTime, signingTime, timestamps }: SignerReport): string | undefined {
  if (provenTime !== undefined) {
    const by = timestamps.find(({ status }) => status === 'trusted')?.authority;
    return `${dateText(provenTime)}, proven by a timestamp${by === undefined ? '' : ` of ${shown(nameOf(by))}`}`;
  }
  return signingTime === undefined ? undefined : `${dateText(signingTime)}, by the publisher’s own clock`;
}

function contentsText({ files, bytes }: ShownInventory): string {
  return `${countText(files, 'file')}, ${sizeText(bytes)}`;
}

function folded(title: string, note: string, ...content: readonly HTMLElement[]): HTMLElement {
  return element(
    'details',
    {},
    element('summary', {}, element('span', {}, title), ' ', element('span', { class: 'note' }, note)),
    ...content,
  );
}

function table(caption: string, head: readonly string[], rows: readonly (readonly (string | HTMLElement)[])[]): HTMLElement {
  const header = element('tr', {}, ...head.map((name) => element('th', { scope: 'col' }, name)));
  const body = rows.map((cells) => element('tr', {}, ...cells.map((cell) => element('td', {}, cell))));
  const whole = element(
    'table',
    {},
    element('caption', { class: 'unseen' }, caption),
    element('thead', {}, header),
    element('tbody', {}, ...body),
  );
  // It scrolls where it is too wide or too long, and so the keyboard must get there.
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, whole);
}

function filesOf(inventory: ShownInventory): HTMLElement {
  const { files, folders, links, entries } = inventory;
  const left = files + folders + links - entries.length;
  const parts: HTMLElement[] = [
    element('p', { class: 'aside' }, 'As the publisher states it, under the seal. What is inside was not opened.'),
  ];
  parts.push(table('Files in the image', ['Name', 'Size'], entries.map(rowOf)));
  if (left > 0) parts.push(element('p', { class: 'aside' }, `… and ${countText(left, 'more entry').replace('entrys', 'entries')}.`));
  return folded('Files inside', contentsText(inventory), ...parts);
}

function rowOf({ path, type, size, target }: ShownEntry): (string | HTMLElement)[] {
  const name = element('bdi', {}, shown(path));
  if (type === 'file') return [name, sizeText(size ?? 0)];
  return type === 'folder' ? [name, 'folder'] : [name, element('bdi', {}, `link to ${shown(target ?? '')}`)];
}

const RESULTS: Readonly<Record<Check['status'], string>> = { ok: 'passed', warning: 'note', fail: 'failed', skipped: 'not made' };

function checksOf({ checks, exitCode, code }: PageVerdict): HTMLElement {
  const rows = checks.map(({ name, status, message }) => [
    element('span', { class: `result ${status}` }, RESULTS[status]),
    name,
    element('bdi', {}, shown(message)),
  ]);
  const note = (Object.keys(RESULTS) as Check['status'][]).flatMap((wanted) => {
    const count = checks.filter(({ status }) => status === wanted).length;
    return count > 0 ? [`${count} ${RESULTS[wanted]}`] : [];
  });
  const coded = element('p', { class: 'aside' }, `“diskseal verify” would exit with ${exitCode}${code === undefined ? '' : ` (${code})`}.`);
  return folded('Every check', note.join(', '), table('Checks that were made', ['Result', 'Check', 'What was found'], rows), coded);
}

function signersOf(signers: readonly SignerReport[]): HTMLElement {
  const lists = signers.map(({ certificate, algorithm, refusal }) => {
    const facts: [string, string][] = [
      ['Subject', certificate.subject],
      ['Issuer', certificate.issuer],
      ['Certificate', `sha256:${certificate.sha256}`],
      ['Key', `spki:${certificate.spki}`],
      ['Method', algorithm],
      ['Valid', `${dateText(certificate.notBefore)} to ${dateText(certificate.notAfter)}`],
      ...(refusal ? [['Not counted', refusal.message] as [string, string]] : []),
    ];
    const rows = facts.map(([name, value]) =>
      element('div', {}, element('dt', {}, name), element('dd', {}, element('bdi', {}, shown(value)))),
    );
    return element('dl', { class: 'facts technical' }, ...rows);
  });
  return folded('Signature', signers.length === 1 ? 'fingerprints to compare' : countText(signers.length, 'signer'), ...lists);
}
