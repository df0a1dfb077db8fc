/**
 * Packs the package, unpacks it where an application would have it, and loads every entry by `import` and
 * by `require`: what is proved is the tarball, not the working tree.
 */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const application = realpathSync(mkdtempSync(join(tmpdir(), 'zerohop-package-')));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const runIn = (command, args) =>
  execFileSync(command, args, {
    cwd: application,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

function installTarball() {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', application], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const home = join(application, 'node_modules', 'zerohop');
  mkdirSync(home, { recursive: true });
  const tarball = readdirSync(application).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error(`npm pack wrote no tarball: ${packed}`);
  runIn('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
}

/** Gives the application what the package declares, and nothing else from this repository. */
function linkDependencies() {
  const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
  for (const name of names) {
    const link = join(application, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'dir');
  }
}

const entries = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => `zerohop${subpath.slice(1)}`);

const report = `console.log(JSON.stringify(Object.fromEntries(Object.entries(loaded).map(
  ([entry, module]) => [entry, Object.keys(module).filter((name) => name !== 'default').sort()]))))`;
const programs = {
  'app.mjs': `const loaded = {};
for (const entry of ${JSON.stringify(entries)}) loaded[entry] = await import(entry);
${report}`,
  'app.cjs': `const loaded = {};
for (const entry of ${JSON.stringify(entries)}) loaded[entry] = require(entry);
${report}`,
};

try {
  installTarball();
  linkDependencies();
  const [esm, cjs] = Object.entries(programs).map(([file, source]) => {
    writeFileSync(join(application, file), source);
    return JSON.parse(runIn(process.execPath, ['--throw-deprecation', file]));
  });
  if (JSON.stringify(esm) !== JSON.stringify(cjs)) {
    throw new Error(
      `import and require give different names:\n${JSON.stringify(esm)}\n${JSON.stringify(cjs)}`,
    );
  }
  for (const [entry, names] of Object.entries(esm)) {
    if (names.length === 0) throw new Error(`${entry} exports nothing`);
    console.log(`ok      ${entry}: ${names.length} names by import and by require`);
  }
} finally {
  rmSync(application, { recursive: true, force: true });
}
