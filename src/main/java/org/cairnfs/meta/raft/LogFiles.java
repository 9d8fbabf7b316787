package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.cairnfs.meta.LogPosition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the files of a Raft log before it is opened: whether log and metadata belong together.
 */
final class LogFiles {
  private static final Logger LOG = LoggerFactory.getLogger(LogFiles.class);

  /** As Ratis names its segments: the first index, and of a closed one the last. */
  private static final Pattern SEGMENT = Pattern.compile("log_(?:inprogress_(\\d+)|(\\d+)-(\\d+))");

  private record Segment(Path file, long first, long last) {}

  /**
   * Makes sure that the log holds every entry that the metadata lacks, and that it can be appended
   * to.
   *
   * <p>A log whose end was lost may end before what the metadata has. Ratis then can neither append
   * behind the gap nor start over; as nothing in such a log is needed any more, its segments are
   * deleted.
   *
   * @param directory the group's own
   * @param applied the last entry the metadata has
   * @throws IOException saying what is missing
   */
  static void reconcile(Path directory, LogPosition applied) throws IOException {
    if (!Files.isDirectory(directory)) {
      if (applied.index() > 0) {
        throw new IOException("the metadata log "
            + directory
            + " is missing, though entry "
            + applied.index()
            + " was applied from it");
      }
      return;
    }
    List<Segment> segments = segments(directory);
    long first = Long.MAX_VALUE;
    long last = -1;
    for (Segment segment : segments) {
      first = Math.min(first, segment.first());
      last = Math.max(last, segment.last());
    }
    if (!segments.isEmpty() && first > applied.index() + 1) {
      throw new IOException(
          "the metadata database is missing or was put back from an earlier time: it ends at entry "
              + applied.index()
              + ", and the log in "
              + directory
              + " begins at entry "
              + first);
    }
    if (last < applied.index()) {
      for (Segment segment : segments) {
        LOG.warn(
            "The metadata log ends at entry {}, before entry {} that was applied: deleting {}",
            last,
            applied.index(),
            segment.file());
        Files.delete(segment.file());
      }
    }
  }

  private static List<Segment> segments(Path directory) throws IOException {
    List<Segment> segments = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "log_*")) {
      for (Path file : files) {
        Matcher matcher = SEGMENT.matcher(String.valueOf(file.getFileName()));
        if (matcher.matches()) {
          String open = matcher.group(1);
          segments.add(
              open != null
                  ? openSegment(file, Long.parseLong(open))
                  : new Segment(
                      file, Long.parseLong(matcher.group(2)), Long.parseLong(matcher.group(3))));
        }
      }
    }
    return segments;
  }

  private static Segment openSegment(Path file, long first) throws IOException {
    int entries = LogSegment.readSegmentFile(
        file.toFile(),
        LogSegmentPath.matchLogSegment(file).getStartEnd(),
        RaftSettings.ENTRY_MAX,
        CorruptionPolicy.WARN_AND_RETURN,
        null,
        entry -> {});
    return new Segment(file, first, first + entries - 1);
  }

  private LogFiles() {}
}
