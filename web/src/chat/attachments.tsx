import type { ContentPart } from 'parley-client'

/** Images of another host are named and not loaded: the page asks no other host. */
export function Attachments({ parts }: { parts: readonly ContentPart[] }) {
  if (parts.length === 0) return null
  return (
    <ul className="attachments">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a stored message never changes
        <li key={index}>
          <Attachment part={part} />
        </li>
      ))}
    </ul>
  )
}

function Attachment({ part }: { part: ContentPart }) {
  switch (part.type) {
    case 'text':
      return part.text
    case 'file':
      return part.file.filename ?? part.file.file_id ?? 'A file'
    case 'image_url': {
      const { url } = part.image_url
      if (/^data:/i.test(url)) return <img src={url} alt="Attached" />
      if (!/^https?:/i.test(url)) return url
      return (
        <a href={url} target="_blank" rel="noopener noreferrer">
          {url}
        </a>
      )
    }
  }
}
