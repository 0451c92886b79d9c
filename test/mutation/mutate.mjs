/**
 * `npm run mutate [-- FILE…]`: changes the path validation and the verifier in one place after the other and sees whether a test notices.
 * Each file is run by itself, against the tests that are about it (TESTS): that is many times shorter than against all of them, and
 * a change that only other tests would notice counts as survived. `coverage/mutation/scores.json` keeps the last score of each file,
 * `FILE.json` beside it what has survived. Fails when all files together are below 85 %.
 *
 * Stryker works in a copy of the project; the shared vectors, which lie beside the project, are linked beside the copy.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const LEAST = 85;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const reports = join(root, 'coverage/mutation');

/** The quickest that are likely to notice stand first. */
const TESTS = {
  'src/trust/path-validation.ts': ['trust/path-validation', 'trust/path', 'trust/certificate-policies', 'trust/timestamp'],
  'src/trust/path.ts': ['trust/path', 'trust/x509-limbo'],
  'src/trust/name-constraints.ts': ['trust/name-constraints'],
  'src/verify/agreement.ts': ['verify/words', 'verify/places', 'verify/attacks'],
  'src/verify/compare-volume.ts': ['verify/words', 'verify/verify'],
  'src/verify/detached-seal.ts': ['verify/detached-seal'],
  'src/verify/hidden-file.ts': ['verify/places', 'verify/attacks-bounds'],
  'src/verify/layers.ts': ['verify/layers', 'verify/words'],
  'src/verify/policy-checks.ts': ['verify/policy-checks', 'verify/words'],
  'src/verify/policy-report.ts': ['verify/policy-report'],
  'src/verify/proven-leaves.ts': ['verify/detached-seal', 'verify/verify'],
  'src/verify/sealed-area.ts': ['verify/words', 'verify/attacks', 'verify/places'],
  'src/verify/signature.ts': ['verify/words', 'verify/signature', 'verify/policy', 'verify/revocation'],
  'src/verify/signed-message.ts': ['verify/words', 'verify/signature', 'verify/attacks-signed'],
  'src/verify/signer-info.ts': ['verify/words', 'verify/signature', 'verify/attacks-signed'],
  'src/verify/signer-report.ts': ['verify/words', 'verify/policy'],
  'src/verify/trust-checks.ts': ['verify/words', 'verify/policy'],
  'src/verify/verdict.ts': ['verify/words', 'verify/policy-checks'],
  'src/verify/verified-content.ts': ['mount/restore'],
  'src/verify/verified-disk.ts': ['verify/verify', 'verify/attacks-bounds'],
  'src/verify/verified-tree.ts': ['verify/verify', 'verify/places'],
  'src/verify/verify.ts': ['verify/words', 'verify/verify', 'verify/places'],
  'src/verify/volume-inventory.ts': ['verify/places', 'verify/words'],
};

const asked = process.argv.slice(2);
const verifier = readdirSync(join(root, 'src/verify')).map((name) => `src/verify/${name}`);
const unknown = [...asked, ...verifier].filter((file) => !(file in TESTS));
if (unknown.length > 0) {
  console.error(`TESTS in test/mutation/mutate.mjs names no tests for ${unknown.join(', ')}`);
  process.exit(2);
}

const place = join(root, '.stryker-tmp');
const link = join(place, 'shared');
mkdirSync(place, { recursive: true });
mkdirSync(reports, { recursive: true });
if (!existsSync(link)) symlinkSync(resolve(root, '../shared'), link);

const kept = join(reports, 'scores.json');
const scores = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};
for (const file of asked.length > 0 ? asked : Object.keys(TESTS)) {
  scores[file] = scoreOf(mutated(file));
  writeFileSync(kept, `${JSON.stringify(scores, null, 2)}\n`);
}
summarise();

/** @returns the path of Stryker's report */
function mutated(file) {
  const stryker = join(dirname(createRequire(import.meta.url).resolve('@stryker-mutator/core/package.json')), 'bin/stryker.js');
  const name = basename(file, '.ts');
  const words = [stryker, 'run', '--mutate', file, '--incrementalFile', join('coverage/mutation', `${name}.incremental.json`)];
  const env = { ...process.env, DISKSEAL_MUTATION_TESTS: TESTS[file].map((test) => `test/${test}.test.ts`).join() };
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
  const report = join(reports, `${name}.json`);
  copyFileSync(join(reports, 'report.json'), report);
  return report;
}

/** As Stryker counts: what ran out of time was noticed; what is evaluated before any test is left out. */
function scoreOf(report) {
  const mutants = Object.values(JSON.parse(readFileSync(report, 'utf8')).files).flatMap((file) => file.mutants);
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const killed = count('Killed', 'Timeout');
  return { killed, total: killed + count('Survived', 'NoCoverage'), date: new Date().toISOString().slice(0, 10) };
}

function summarise() {
  const percent = ({ killed, total }) => (total === 0 ? 100 : (100 * killed) / total);
  const all = { killed: 0, total: 0 };
  for (const [file, score] of Object.entries(scores)) {
    all.killed += score.killed;
    all.total += score.total;
    console.log(`${file.padEnd(34)} ${score.killed}/${score.total} ${percent(score).toFixed(1)} % ${score.date}`);
  }
  console.log(`${'together'.padEnd(34)} ${all.killed}/${all.total} ${percent(all).toFixed(1)} %`);
  if (percent(all) < LEAST) {
    console.error(`mutate: below ${LEAST} %`);
    process.exitCode = 1;
  }
}
