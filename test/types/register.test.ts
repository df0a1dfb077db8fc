import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const file = `${root}test/types/in-memory-application.ts`;

/**
 * What the compiler says about an application of one file: an augmentation counts for a whole program, so
 * it cannot be tried in this repository's own.
 */
function complaintsAbout(application: string): readonly string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const readFile = host.getSourceFile;
  host.getSourceFile = (name, version, ...more) =>
    name === file
      ? ts.createSourceFile(name, application, version)
      : readFile(name, version, ...more);
  host.fileExists = (name) => name === file || ts.sys.fileExists(name);
  const program = ts.createProgram([file], options, host);
  const diagnostics = program.getSemanticDiagnostics(program.getSourceFile(file));
  return diagnostics.map(({ messageText, start = 0 }) => {
    const line = application.slice(0, start).split('\n').length;
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

const uses = `
  createGateway({ metadata: { userId: 'u1' } });
  perCall({ metadata: { userId: 'u1', paid: true } });
  createGateway().run({ metadata: { paid: false } }, () => 1);
  perCall({ metadata: { userId: 7 } });
  perCall({ metadata: { userID: 'u1' } });
  createGateway({ metadata: { paid: 'yes' } });
`;

describe('metadata keys', () => {
  it('are free until an application registers them', () => {
    expect(complaintsAbout(`import { createGateway, perCall } from 'zerohop';${uses}`)).toEqual([]);
  });

  it('are typed for the whole application once it does', () => {
    const register = `import { createGateway, perCall } from 'zerohop';
declare module 'zerohop' { interface Register { metadata: { userId: string; paid: boolean } } }`;

    expect(complaintsAbout(register + uses)).toEqual([
      expect.stringMatching(/^6: Type 'number' is not assignable to type 'string/),
      expect.stringMatching(/^7: .*'userID' does not exist/),
      expect.stringMatching(/^8: Type 'string' is not assignable to type 'boolean/),
    ]);
  });
});
