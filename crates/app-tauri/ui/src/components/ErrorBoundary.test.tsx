import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { ErrorBoundary } from "./ErrorBoundary";

describe("a part that breaks", () => {
  it("is told in its place, and drawn again when asked", async () => {
    // React tells the console of what it caught.
    const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
    let isBroken = true;
    const Part = () => {
      if (isBroken) throw new Error("no author");
      return <p>the timeline</p>;
    };
    render(
      <ErrorBoundary>
        <Part />
      </ErrorBoundary>,
    );
    expect(screen.getByRole("alert")).toHaveTextContent("This part of the window failed");
    isBroken = false;
    await userEvent.click(screen.getByRole("button", { name: "Show it again" }));
    expect(screen.getByText("the timeline")).toBeVisible();
    told.mockRestore();
  });
});
