/** Runs every `examples/NN-*.ts` against the built package, offline, and fails when one of them does. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));

if (!existsSync(`${root}dist/index.js`)) {
  console.error('examples: dist/index.js is missing; run `npm run build` first');
  process.exit(1);
}

const examples = readdirSync(`${root}examples`)
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .sort();
if (examples.length === 0) {
  console.error('examples: found no examples/NN-*.ts');
  process.exit(1);
}

// An example that needs a key would pass on one machine and fail on the next.
const env = { ...process.env, NO_COLOR: '1' };
for (const name of Object.keys(env)) if (name.endsWith('_API_KEY')) delete env[name];

let failures = 0;
for (const name of examples) {
  const startedAt = performance.now();
  const run = spawnSync(process.execPath, [`examples/${name}`], {
    cwd: root,
    env,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (run.status === 0) {
    console.log(`ok      ${name} (${seconds} s)`);
    continue;
  }
  failures++;
  const reason = run.error?.message ?? `exit ${run.status ?? run.signal}`;
  console.error(`FAILED  ${name} (${reason})\n${run.stdout}${run.stderr}`);
}

console.log(`examples: ${examples.length - failures} of ${examples.length} ran`);
process.exit(failures === 0 ? 0 : 1);
