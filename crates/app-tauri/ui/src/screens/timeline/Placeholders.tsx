// Grey blocks while posts are read from the disk, and only if that takes longer than 150 ms.
import { useEffect, useState } from "react";

const PATIENCE_MS = 150;

export function Placeholders({ isShown }: { isShown: boolean }) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setLate(true);
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  return (
    <div className="placeholders" aria-hidden="true">
      {isLate && isShown
        ? [0, 1, 2, 3].map((row) => (
            <div key={row} className="placeholder">
              <span className="placeholder-cloth" />
              <span className="placeholder-name" />
              <span className="placeholder-text" />
            </div>
          ))
        : null}
    </div>
  );
}
