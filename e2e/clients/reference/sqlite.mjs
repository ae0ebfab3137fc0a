// SQLite for Kysely without a native module: real database files through WebAssembly, in the
// shape of better-sqlite3, which is what Kysely's SqliteDialect drives.

import sqlite from "node-sqlite3-wasm";
import { SqliteDialect } from "kysely";

const RETURNS_ROWS = /^\s*(select|pragma|with)\b|\breturning\b/i;

export function sqliteDialect(file) {
  const database = new sqlite.Database(file);
  return new SqliteDialect({
    database: {
      prepare: (sql) => ({
        reader: RETURNS_ROWS.test(sql),
        all: (parameters) => database.all(sql, parameters),
        run: (parameters) => database.run(sql, parameters),
      }),
      close: () => database.close(),
    },
  });
}
