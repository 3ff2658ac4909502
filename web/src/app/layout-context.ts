import { createContext, useContext } from 'react'

type LayoutControls = {
  openSidebar(): void
  showHelp(): void
}

export const LayoutContext = createContext<LayoutControls | null>(null)

export function useLayout(): LayoutControls {
  const layout = useContext(LayoutContext)
  if (!layout) throw new Error('useLayout is called outside of Layout')
  return layout
}
