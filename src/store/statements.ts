import type { Statements } from './database.ts'

/** Runs one statement; with `values` each row is the array of its columns. */
export type RunStatement = (
  text: string,
  parameters: readonly unknown[],
  shape: 'objects' | 'values',
) => Promise<unknown[]>

/** Both shapes of rows over one way to run a statement. */
export function createStatements(run: RunStatement): Statements {
  return {
    // The caller names the columns in the text and their types in Row: nothing can check that.
    query: <Row>(text: string, parameters: readonly unknown[]) =>
      run(text, parameters, 'objects') as Promise<Row[]>,
    values: (text, parameters) => run(text, parameters, 'values') as Promise<unknown[][]>,
  }
}
