import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import '../styles/base.css'
import '../styles/layout.css'
import '../styles/controls.css'
import '../styles/chat.css'
import '../styles/markdown.css'
import '../styles/cards.css'
import '../styles/log.css'
import '../styles/agents.css'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no element with the id root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
