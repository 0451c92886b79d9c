/**
 * The program of the page that `diskseal verifier` writes: takes a file, has the worker judge it, shows the verdict. It stores nothing
 * and sends nothing; the page's policy would not let it.
 */
import { chosenFiles } from './chosen-files.ts';
import { shown, sizeText } from './display-text.ts';
import { element, part } from './elements.ts';
import type { Answer, PageVerdict, Question } from './messages.ts';
import type { PageSettings } from './page-settings.ts';
import { verdictView } from './verdict-view.ts';

/** Put in by the build: the worker's program as text. */
declare const WORKER_PROGRAM: string;

const settings = JSON.parse(part('script', 'settings').textContent) as PageSettings;
const input = part('input', 'file');
const drop = part('div', 'drop');
const note = part('p', 'note');
const bar = part('progress', 'bar');
const status = part('p', 'status');
const panels = ['choose', 'checking', 'result'] as const;

/** What ends the check that runs. */
let stop: (() => void) | undefined;
/** A seal that waits for its image. */
let waiting: File | undefined;

function show(panel: (typeof panels)[number]): void {
  for (const name of panels) part('section', name).hidden = name !== panel;
}

function take(files: readonly File[]): void {
  const chosen = chosenFiles(files, waiting);
  waiting = 'note' in chosen ? chosen.seal : undefined;
  note.textContent = 'note' in chosen ? shown(chosen.note) : '';
  if ('image' in chosen) start(chosen.image, chosen.seal);
}

function start(image: File, seal: File | undefined): void {
  stop?.();
  const url = URL.createObjectURL(new Blob([WORKER_PROGRAM], { type: 'text/javascript' }));
  const worker = new Worker(url);
  const started = performance.now();
  stop = () => {
    worker.terminate();
    URL.revokeObjectURL(url);
    stop = undefined;
  };
  const end = (verdict: PageVerdict): void => {
    stop?.();
    present(verdict, image, performance.now() - started);
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (data.kind === 'progress') progress(data.done, data.total, performance.now() - started);
    else end(data.kind === 'verdict' ? data.verdict : fault(data.message));
  };
  worker.onerror = (event) => end(fault(event.message || 'the worker could not be started'));
  part('bdi', 'checked-file').textContent = shown(image.name);
  progress(0, image.size, 0);
  show('checking');
  part('button', 'stop').focus();
  const question: Question = { image, seal, settings, now: Math.floor(Date.now() / 1000) };
  worker.postMessage(question);
}

function fault(message: string): PageVerdict {
  const check = { name: 'program', status: 'fail', code: 'E_INTERNAL', message } as const;
  return { exitCode: 1, code: 'E_INTERNAL', checks: [check], signers: [], demonstration: false };
}

function progress(done: number, total: number, milliseconds: number): void {
  const share = total === 0 ? 1 : done / total;
  const percent = Math.floor(100 * share);
  bar.value = share;
  const left = Math.ceil((milliseconds * (1 - share)) / Math.max(share, 0.01) / 1000);
  const remaining = share > 0.05 && share < 1 && milliseconds > 1500 ? `, about ${left} second${left === 1 ? '' : 's'} left` : '';
  part('p', 'amount').textContent = `${percent} % of ${sizeText(total)}${remaining}`;
  // Said aloud at the quarters only.
  const spoken = `${25 * Math.floor(percent / 25)} percent checked`;
  if (percent >= 25 && percent < 100 && status.textContent !== spoken) status.textContent = spoken;
}

function present(verdict: PageVerdict, image: File, milliseconds: number): void {
  const { heading, words, view } = verdictView({ verdict, fileName: image.name, fileSize: image.size }, settings);
  const seconds = milliseconds < 1000 ? 'less than a second' : `${Math.round(milliseconds / 1000)} seconds`;
  const result = part('div', 'result-view');
  result.replaceChildren(view);
  result.dataset['exitCode'] = String(verdict.exitCode);
  result.dataset['milliseconds'] = String(Math.round(milliseconds));
  part('p', 'took').replaceChildren(element('span', {}, `Checked on this device in ${seconds}. Nothing was sent anywhere.`));
  document.title = `${words.heading}: ${shown(image.name)}`;
  status.textContent = '';
  show('result');
  heading.focus();
}

function restart(): void {
  stop?.();
  input.value = '';
  note.textContent = '';
  show('choose');
  input.focus();
}

function ready(): void {
  input.addEventListener('change', () => take([...(input.files ?? [])]));
  part('button', 'stop').addEventListener('click', restart);
  part('button', 'again').addEventListener('click', restart);
  part('button', 'print').addEventListener('click', () => print());
  // The whole page takes files: one that is dropped beside the place would be opened by the browser instead.
  addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) drop.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    take([...(event.dataTransfer?.files ?? [])]);
  });
  // Folded parts are not printed.
  addEventListener('beforeprint', () => {
    for (const folded of document.querySelectorAll('details')) folded.open = true;
  });
}

if (globalThis.crypto?.subtle) {
  ready();
  show('choose');
} else {
  part('p', 'unable').hidden = false;
}
