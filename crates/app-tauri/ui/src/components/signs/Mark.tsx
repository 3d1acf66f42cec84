// The mark of kukuri: a sheaf bound in the middle. One colour, never tilted.

export function Mark({ size }: { size: number }) {
  const isSmall = size <= 16;
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <g stroke="currentColor" strokeWidth={isSmall ? 3 : 2.6} strokeLinecap="round">
        <path d="M16 4.5V27.5" />
        <path d="M7 4.5C7 11 12.4 11.5 12.4 16C12.4 20.5 7 21 7 27.5" />
        <path d="M25 4.5C25 11 19.6 11.5 19.6 16C19.6 20.5 25 21 25 27.5" />
      </g>
      <path d="M11 16H21" stroke="currentColor" strokeWidth="5" strokeLinecap="round" />
    </svg>
  );
}
