/** Where the focus goes when what had it is gone. */
export function focusComposer(): void {
  document.querySelector<HTMLElement>('.composer textarea')?.focus({ preventScroll: true })
}
