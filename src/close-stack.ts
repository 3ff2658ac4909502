/** What was opened, to be closed in the opposite order, each once. */
export type CloseStack = {
  add(close: () => Promise<void> | void): void
  /** Goes on when one fails; throws the first failure at the end. */
  close(): Promise<void>
}

export function createCloseStack(): CloseStack {
  const closers: (() => Promise<void> | void)[] = []
  return {
    add: (close) => void closers.push(close),
    async close() {
      const failures: unknown[] = []
      for (let next = closers.pop(); next; next = closers.pop()) {
        try {
          await next()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}
