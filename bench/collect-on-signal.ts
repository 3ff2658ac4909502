/**
 * Loaded into a process whose memory is measured: SIGUSR2 collects its garbage, so that what an
 * earlier load left behind is neither counted nor filled up again.
 */
process.on('SIGUSR2', () => globalThis.gc?.())
