/**
 * Makes dist/diskseal-verify.mjs from src/verifier.ts: `npm run build:verifier`. The same sources give the same bytes.
 * The code in it is minified and compressed; `node diskseal-verify.mjs --print-source` shows what runs.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { bundle, workerCode } from './bundle.mjs';

const FILE = process.argv[2] ?? 'dist/diskseal-verify.mjs';
const LIMIT = 150_000;
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

const { outputFiles, metafile } = await bundle(
  { entryPoints: ['src/verifier.ts'], format: 'cjs', define: { DISKSEAL_VERSION: JSON.stringify(version) } },
  { 'cli/images/remote-input.ts': 'cli/images/no-remote-input.ts', 'cli/policy/policy-text.ts': 'cli/policy/policy-json.ts' },
  // The file below has both. Its first worker starts before the rest is unpacked.
  'let first = firstWorker; export function startWorker() { const worker = first ?? newWorker(); first = undefined; return worker; }',
);
const foreign = Object.keys(metafile.inputs).filter((path) => path.includes('node_modules') && !path.includes('node_modules/picocolors/'));
if (foreign.length > 0) fail(`it takes in ${foreign.join(', ')}, whose licences the file does not tell`);
const outside = Object.values(metafile.outputs).flatMap(({ imports }) =>
  imports.map(({ path }) => path).filter((path) => !path.startsWith('node:')),
);
if (outside.length > 0) fail(`it depends on ${outside.join(', ')}`);

const [code] = outputFiles;
const parameters = { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT, [constants.BROTLI_PARAM_SIZE_HINT]: code.contents.length };
const packed = brotliCompressSync(code.contents, { params: parameters }).toString('base64');
const text = `#!/usr/bin/env node
/*
 * diskseal-verify ${version}: checks who signed a disk image and that every byte is as it was signed.
 * One file, no dependencies, Node.js 20.19 or later: node diskseal-verify.mjs IMAGE --trust publisher.cert.pem
 * The code is minified and compressed; --print-source shows it. "npm run build:verifier" in diskseal's sources makes these very bytes.
 *
${licence()}
 */
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { brotliDecompressSync } from 'node:zlib';

const newWorker = () => new Worker(${JSON.stringify(await workerCode())}, { eval: true });
const idle = ['--help', '-h', '--version', '--print-source', '--quick'];
const firstWorker = process.argv.some((word) => idle.includes(word)) ? undefined : newWorker();
const source = brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString();
const parameters = 'require, firstWorker, newWorker';
if (process.argv[2] === '--print-source') process.stdout.write(source);
else {
  const program = new Script(\`((\${parameters}) => { \${source}\\n})\`, { filename: 'diskseal-verify.mjs' }).runInThisContext();
  program(createRequire(import.meta.url), firstWorker, newWorker);
}
`;
if (text.length > LIMIT) fail(`it has ${text.length} bytes, more than ${LIMIT}`);
mkdirSync(dirname(FILE), { recursive: true });
writeFileSync(FILE, text);
chmodSync(FILE, 0o755);
console.log(`${FILE}: ${text.length} bytes, ${code.contents.length} unpacked`);

/** Ours, and that of the one package whose code is in the file. */
function licence() {
  const { version: picocolors } = JSON.parse(readFileSync('node_modules/picocolors/package.json', 'utf8'));
  const texts = [
    readFileSync('LICENSE', 'utf8'),
    `It holds picocolors ${picocolors}:`,
    readFileSync('node_modules/picocolors/LICENSE', 'utf8'),
  ];
  const lines = texts
    .map((text) => text.trim())
    .join('\n\n')
    .split('\n');
  return lines.map((line) => ` * ${line}`.trimEnd()).join('\n');
}

function fail(message) {
  console.error(`diskseal-verify: ${message}`);
  process.exit(1);
}
