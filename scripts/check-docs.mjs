/**
 * Compiles every ```ts snippet of README.md and docs/*.md against `src`, and runs those marked ```ts run
 * against the built package. ```ts ignore leaves a snippet out. An HTML comment `<!-- ts-setup … -->`
 * before a snippet holds code it needs and the reader does not. Errors name the Markdown line.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 30_000;
const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the repository, so that `zerohop` and every dependency resolve as they do for the package.
const workspace = `${root}.docs-check/`;

/** Finds the snippets of one document, each padded so that its line numbers are the document's. */
function extractSnippets(document) {
  const snippets = [];
  let setup = [];
  let current;
  let isSetup = false;
  const lines = readFileSync(root + document, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    if (isSetup) {
      if (line.trim() === '-->') isSetup = false;
      else setup[index] = line;
    } else if (current) {
      if (line.trim() === '```') {
        snippets.push(current);
        current = undefined;
        setup = [];
      } else current.lines[index] = line;
    } else if (line.trim() === '<!-- ts-setup') {
      isSetup = true;
    } else {
      const fence = /^\s*```(?:ts|typescript)\b\s*(.*)$/.exec(line);
      if (fence) {
        current = { document, line: index + 1, flags: fence[1].split(/\s+/), lines: [...setup] };
      }
    }
  }
  if (current) throw new Error(`${document}:${current.line}: the snippet is never closed`);
  return snippets.filter((snippet) => !snippet.flags.includes('ignore'));
}

function writeSnippet(snippet) {
  const name = `${snippet.document.replaceAll('/', '__')}__${snippet.line}.ts`;
  writeFileSync(
    workspace + name,
    `${Array.from(snippet.lines, (line) => line ?? '').join('\n')}\n`,
  );
  return { ...snippet, file: name };
}

/** Turns `docs__a.md__12.ts(14,3)` into `docs/a.md:14:3`. */
function toDocumentPosition(output) {
  return output.replace(
    /(?:\.docs-check\/)?([^\s()]+\.md)__\d+\.ts(?:\((\d+),(\d+)\))?/g,
    (_, document, line, column) =>
      document.replaceAll('__', '/') + (line ? `:${line}:${column}` : ''),
  );
}

function compile() {
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: {
        zerohop: ['../src/index.ts'],
        'zerohop/anthropic': ['../src/anthropic.ts'],
        'zerohop/testing': ['../src/testing/index.ts'],
      },
    },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(`${workspace}tsconfig.json`, JSON.stringify(config));
  const tsc = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));
  const run = spawnSync(process.execPath, [tsc, '-p', workspace, '--pretty', 'false'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (run.status !== 0) console.error(toDocumentPosition(run.stdout + run.stderr));
  return run.status === 0;
}

function execute(snippet) {
  const run = spawnSync(process.execPath, [workspace + snippet.file], {
    cwd: root,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  const position = `${snippet.document}:${snippet.line}`;
  if (run.status === 0) {
    console.log(`ok      ${position}`);
    return true;
  }
  const reason = run.error?.message ?? `exit ${run.status ?? run.signal}`;
  console.error(`FAILED  ${position} (${reason})\n${run.stdout}${run.stderr}`);
  return false;
}

const documents = [
  ...(existsSync(`${root}README.md`) ? ['README.md'] : []),
  ...(existsSync(`${root}docs`) ? readdirSync(`${root}docs`, { recursive: true }) : [])
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
];

rmSync(workspace, { recursive: true, force: true });
mkdirSync(workspace);
let isSound = true;
try {
  const snippets = documents.flatMap(extractSnippets).map(writeSnippet);
  if (snippets.length > 0) isSound = compile();
  const runnable = snippets.filter((snippet) => snippet.flags.includes('run'));
  if (runnable.length > 0 && !existsSync(`${root}dist/index.js`)) {
    throw new Error('dist/index.js is missing; run `npm run build` first');
  }
  for (const snippet of runnable) isSound = execute(snippet) && isSound;
  console.log(
    `docs: ${snippets.length} snippets of ${documents.length} documents compiled, ${runnable.length} ran`,
  );
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
process.exit(isSound ? 0 : 1);
