/** Why an address was not fetched; safe to show. */
export class GuardedFetchError extends Error {
  override name = 'GuardedFetchError'
}
