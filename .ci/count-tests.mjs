/** Adds up vitest's JSON reports: one plain line for people and scripts. Fails when a test failed or none ran. */
import { readFileSync } from 'node:fs';

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = JSON.parse(readFileSync(path, 'utf8'));
  totals.passed += numPassedTests;
  // A file that does not load has no tests that could fail.
  totals.failed += numFailedTests || (numFailedTestSuites > 0 ? 1 : 0);
  totals.skipped += numPendingTests + numTodoTests;
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
if (totals.failed > 0 || totals.passed === 0) process.exitCode = 1;
