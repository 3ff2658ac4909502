import { useEffect, useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { useServer } from '../app/server.tsx'

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const { notify } = useServer()
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [isCopied])

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      notify('The browser did not let the page copy. Select the text instead.')
    }
  }

  return (
    <button
      type="button"
      className="icon-button small"
      aria-label={isCopied ? 'Copied' : label}
      title={label}
      onClick={() => void copy()}
    >
      <Icon name={isCopied ? 'check' : 'copy'} size={16} />
    </button>
  )
}
