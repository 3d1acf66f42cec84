// Slows work down: the first call runs at once, later ones wait their turn and run once.

export type Paced = { (): void; cancel: () => void };

/** Runs `work` at most once in `everyMs`, and once more after the last call. */
export function paced(everyMs: number, work: () => void): Paced {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isWanted = false;
  const end = () => {
    timer = null;
    if (!isWanted) return;
    isWanted = false;
    run();
  };
  const run = () => {
    timer = setTimeout(end, everyMs);
    work();
  };
  const call = () => {
    if (timer === null) run();
    else isWanted = true;
  };
  return Object.assign(call, {
    cancel: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      isWanted = false;
    },
  });
}
