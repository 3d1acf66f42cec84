// One row of the feed: a post, and above it the day and the line before the first unread one.
import { memo } from "react";
import { Post, type PostProps } from "../../components/post/Post";

export type RowProps = Omit<PostProps, "isNamesake"> & {
  namesakes: ReadonlySet<string>;
  day: string | null;
  news: string | null;
};

export const Row = memo(function Row({ day, news, namesakes, ...post }: RowProps) {
  return (
    <>
      {day === null ? null : (
        <div className="divider">
          <span>{day}</span>
        </div>
      )}
      {news === null ? null : (
        <div className="divider divider-news">
          <span>{news}</span>
        </div>
      )}
      <Post {...post} isNamesake={namesakes.has(post.post.event.pubkey)} />
    </>
  );
});
