// SQLite for Kysely without a native module: WebAssembly that works on real database files, behind
// those parts of better-sqlite3's interface that Kysely's SqliteDialect uses.

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
