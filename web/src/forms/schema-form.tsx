import { useId } from 'react'
import type { Field, FieldValue } from '../state/schema-form.ts'

/** The fields of a form; what is wrong stands at each. */
export function SchemaFields({
  fields,
  values,
  faults,
  change,
}: {
  fields: readonly Field[]
  values: Readonly<Record<string, FieldValue>>
  faults: Readonly<Record<string, string>>
  change: (name: string, value: FieldValue) => void
}) {
  return fields.map((field) => (
    <FieldView
      key={field.name}
      field={field}
      value={values[field.name] ?? field.initial}
      fault={faults[field.name]}
      change={(value) => change(field.name, value)}
    />
  ))
}

function FieldView({
  field,
  value,
  fault,
  change,
}: {
  field: Field
  value: FieldValue
  fault: string | undefined
  change: (value: FieldValue) => void
}) {
  const id = useId()
  const about = [field.description && `${id}-about`, fault && `${id}-fault`].filter(Boolean)
  const attributes = {
    id,
    'aria-invalid': fault !== undefined,
    'aria-describedby': about.join(' ') || undefined,
    'aria-required': field.isRequired,
  }
  const isGroup = field.kind.type === 'choices'
  const isSwitch = field.kind.type === 'switch'
  return (
    <div className="field" data-switch={isSwitch}>
      {isGroup ? (
        <span className="label" id={`${id}-label`}>
          {field.label}
        </span>
      ) : (
        <label htmlFor={id}>
          {field.label}
          {!field.isRequired && !isSwitch && <span className="muted"> (optional)</span>}
        </label>
      )}
      {field.description && (
        <p className="muted small" id={`${id}-about`}>
          {field.description}
        </p>
      )}
      <Control field={field} value={value} change={change} attributes={attributes} />
      {fault && (
        <p className="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  )
}

function Control({
  field: { kind },
  value,
  change,
  attributes,
}: {
  field: Field
  value: FieldValue
  change: (value: FieldValue) => void
  attributes: { id: string }
}) {
  const text = typeof value === 'string' ? value : ''
  switch (kind.type) {
    case 'text':
      return (
        <input
          {...attributes}
          type={kind.input}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      )
    case 'number':
      return (
        <input
          {...attributes}
          inputMode={kind.isInteger ? 'numeric' : 'decimal'}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      )
    case 'long_text':
    case 'json':
      return (
        <textarea
          {...attributes}
          className={kind.type === 'json' ? 'mono' : undefined}
          rows={4}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      )
    case 'switch':
      return (
        <input
          {...attributes}
          type="checkbox"
          checked={value === true}
          onChange={(event) => change(event.target.checked)}
        />
      )
    case 'choice':
      return (
        <select {...attributes} value={text} onChange={(event) => change(event.target.value)}>
          <option value="">Choose…</option>
          {kind.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )
    case 'choices': {
      const chosen = Array.isArray(value) ? value : []
      return (
        // biome-ignore lint/a11y/useSemanticElements: the label stands outside of it
        <div className="choices" role="group" aria-labelledby={`${attributes.id}-label`}>
          {kind.options.map((option) => (
            <label key={option.value}>
              <input
                type="checkbox"
                checked={chosen.includes(option.value)}
                onChange={({ target }) =>
                  change(
                    target.checked
                      ? [...chosen, option.value]
                      : chosen.filter((other) => other !== option.value),
                  )
                }
              />
              {option.label}
            </label>
          ))}
        </div>
      )
    }
  }
}
