/** Locks an SQLite database for itself alone, until it is told anything. Argument: the file. */
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(process.argv[2] ?? '');
database.exec('BEGIN EXCLUSIVE');
process.send?.('locked');
process.once('message', () => {
  database.exec('COMMIT');
  database.close();
  process.send?.('released', () => process.disconnect());
});
