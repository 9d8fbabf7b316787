package org.cairnfs.cli;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.cairnfs.linear.Model;

/**
 * A directory of files that several clients create, link, rename and remove, as it would be if they
 * did so one after the other. A state says for each name which file it is of: the file's inode
 * number, or a negative number for one whose creator was never told.
 */
final class SharedNames implements Model<Map<String, Long>, SharedNames.Ask, SharedNames.Told> {
  private static final int ENOENT = 2;
  private static final int EEXIST = 17;

  /** What a client may do to a name. */
  enum Kind {
    CREATE,
    LOOK,
    UNLINK,
    RENAME,
    LINK
  }

  /**
   * A call.
   *
   * @param number differs between calls
   * @param other the second name of those that take two
   */
  record Ask(int number, Kind kind, String name, String other) {}

  /**
   * An answer.
   *
   * @param errno 0 for success
   * @param inode of {@link Kind#CREATE} and {@link Kind#LOOK}
   */
  record Told(int errno, long inode) {}

  @Override
  public Map<String, Long> initial() {
    return Map.of();
  }

  @Override
  public Optional<Map<String, Long>> apply(Map<String, Long> state, Ask ask, Told told) {
    return switch (ask.kind()) {
      case CREATE -> create(state, ask, told);
      case LOOK -> look(state, ask, told);
      case UNLINK, RENAME, LINK -> change(state, ask, told);
    };
  }

  private static Optional<Map<String, Long>> create(Map<String, Long> state, Ask ask, Told told) {
    if (state.containsKey(ask.name())) {
      return isOr(told, EEXIST) ? Optional.of(state) : Optional.empty();
    }
    if (!isOr(told, 0)) {
      return Optional.empty();
    }
    long file = told == null ? -ask.number() - 1L : told.inode();
    // A number is never used again, so nobody has it yet.
    return state.containsValue(file)
        ? Optional.empty()
        : Optional.of(with(state, ask.name(), file));
  }

  private static Optional<Map<String, Long>> look(Map<String, Long> state, Ask ask, Told told) {
    Long file = state.get(ask.name());
    if (told == null) {
      return Optional.of(state);
    } else if (file == null) {
      return told.errno() == ENOENT ? Optional.of(state) : Optional.empty();
    } else if (told.errno() != 0) {
      return Optional.empty();
    } else if (file >= 0 || state.containsValue(told.inode())) {
      return file == told.inode() ? Optional.of(state) : Optional.empty();
    }
    // Now it is known which file that is, under all its names.
    Map<String, Long> known = new TreeMap<>(state);
    known.replaceAll((name, each) -> each.equals(file) ? told.inode() : each);
    return Optional.of(Map.copyOf(known));
  }

  private static Optional<Map<String, Long>> change(Map<String, Long> state, Ask ask, Told told) {
    Long file = state.get(ask.name());
    if (file == null) {
      return isOr(told, ENOENT) ? Optional.of(state) : Optional.empty();
    }
    if (ask.kind() == Kind.LINK && state.containsKey(ask.other())) {
      return isOr(told, EEXIST) ? Optional.of(state) : Optional.empty();
    }
    if (!isOr(told, 0)) {
      return Optional.empty();
    }
    Map<String, Long> changed = new TreeMap<>(state);
    if (ask.kind() != Kind.UNLINK) {
      changed.put(ask.other(), file);
    }
    // Renaming one link of a file over another one does nothing, says POSIX.
    if (ask.kind() == Kind.UNLINK
        || (ask.kind() == Kind.RENAME && !file.equals(state.get(ask.other())))) {
      changed.remove(ask.name());
    }
    return Optional.of(Map.copyOf(changed));
  }

  private static boolean isOr(Told told, int errno) {
    return told == null || told.errno() == errno;
  }

  private static Map<String, Long> with(Map<String, Long> state, String name, long file) {
    Map<String, Long> more = new TreeMap<>(state);
    more.put(name, file);
    return Map.copyOf(more);
  }
}
