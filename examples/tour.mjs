/** What `npm start` does: builds the example into a sealed DMG with the demonstration keys, verifies it, lists it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const image = 'examples/hello/dist/Hello-2.1.0.dmg';
const trust = ['--trust', 'keys.example/publisher.cert.pem'];

step('build', 'examples/hello/installer.yaml', '--force');
step('verify', image, ...trust);
step('ls', image, ...trust, '-R');

console.log(`
${image} is a sealed DMG. What to try next:

  npx diskseal inspect ${image}
      container, partitions, volume and seal; every field with --raw
  npx diskseal extract ${image} ${trust.join(' ')} -o hello
      the files, each chunk checked again as it is read
  npx diskseal keys new my-keys
      keys of your own: the example's private key is public
  npx diskseal init my-app
      a manifest to begin with
`);

function step(...args) {
  console.log(`\n$ diskseal ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
