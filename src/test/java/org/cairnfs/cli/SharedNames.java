package org.cairnfs.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cairnfs.linear.Call;
import org.cairnfs.linear.Model;

/**
 * A directory of files that several clients create, link, rename and remove, as it would be if they
 * did so one after the other. A state says for each name which file it is of: the file's inode
 * number, or a negative number for one whose creator was never told.
 */
final class SharedNames implements Model<Map<String, Long>, SharedNames.Ask, SharedNames.Told> {
  private static final int ENOENT = 2;
  private static final int EEXIST = 17;

  /** Before the number of a call, for the file that it found; no client's name begins so. */
  private static final String FOUND = "found by ";

  /** What a client may do to a name. */
  enum Kind {
    CREATE,
    LOOK,
    UNLINK,
    RENAME,
    LINK,
    /** A step of others: see {@link #steps}. */
    FIND
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

  /**
   * A call as what it does one after the other: where one name leads to the kernel asks first, and
   * then has the file linked, whatever it is called by then. It also looks up both names of a
   * rename, and does nothing if they lead to one file.
   */
  static List<Call<Ask, Told>> steps(Call<Ask, Told> call) {
    Ask ask = call.input();
    Told told = call.output();
    boolean looksFirst = switch (ask.kind()) {
      case LINK -> isOr(told, 0);
      case RENAME -> told != null && told.errno() == 0;
      default -> false;
    };
    if (!looksFirst) {
      return List.of(call);
    }
    Ask find = new Ask(ask.number(), Kind.FIND, ask.name(), "");
    return List.of(new Call<>(call.client(), find, told, call.begin(), call.end()), call);
  }

  @Override
  public Map<String, Long> initial() {
    return Map.of();
  }

  @Override
  public List<Map<String, Long>> apply(Map<String, Long> state, Ask ask, Told told) {
    return switch (ask.kind()) {
      case CREATE -> create(state, ask, told);
      case LOOK -> look(state, ask, told);
      case UNLINK -> unlink(state, ask, told);
      case RENAME -> rename(state, ask, told);
      case LINK -> link(state, ask, told);
      case FIND -> find(state, ask);
    };
  }

  /** The number is only a label, but for a link, where it says which file. */
  @Override
  public boolean areAlike(Ask ask, Ask other) {
    return ask.kind() != Kind.LINK
        && ask.kind() == other.kind()
        && ask.name().equals(other.name())
        && ask.other().equals(other.other());
  }

  private static List<Map<String, Long>> create(Map<String, Long> state, Ask ask, Told told) {
    if (state.containsKey(ask.name())) {
      return onlyIf(isOr(told, EEXIST), state);
    }
    long file = told == null ? -ask.number() - 1L : told.inode();
    // A number is never used again, so nobody has it yet.
    return isOr(told, 0) && !state.containsValue(file)
        ? List.of(with(state, ask.name(), file))
        : List.of();
  }

  private static List<Map<String, Long>> look(Map<String, Long> state, Ask ask, Told told) {
    Long file = state.get(ask.name());
    if (told == null) {
      return List.of(state);
    } else if (file == null) {
      return onlyIf(told.errno() == ENOENT, state);
    } else if (told.errno() != 0) {
      return List.of();
    } else if (file >= 0 || state.containsValue(told.inode())) {
      return onlyIf(file == told.inode(), state);
    }
    // Now it is known which file that is, under all its names.
    Map<String, Long> known = new TreeMap<>(state);
    known.replaceAll((name, each) -> each.equals(file) ? told.inode() : each);
    return List.of(Map.copyOf(known));
  }

  private static List<Map<String, Long>> unlink(Map<String, Long> state, Ask ask, Told told) {
    if (!state.containsKey(ask.name())) {
      return onlyIf(isOr(told, ENOENT), state);
    }
    return onlyIf(isOr(told, 0), without(state, ask.name()));
  }

  /** Keeps the file in mind for the call's second step. */
  private static List<Map<String, Long>> find(Map<String, Long> state, Ask ask) {
    Long file = state.get(ask.name());
    return file == null ? List.of() : List.of(with(state, found(ask), file));
  }

  private static List<Map<String, Long>> rename(Map<String, Long> state, Ask ask, Told told) {
    Long file = state.get(ask.name());
    Long replaced = state.get(ask.other());
    if (told != null && told.errno() != 0) {
      return onlyIf(file == null && told.errno() == ENOENT, state);
    }
    List<Map<String, Long>> all = new ArrayList<>();
    Map<String, Long> after = without(state, found(ask));
    boolean found = told == null || state.containsKey(found(ask));
    // Renaming one link of a file over another one does nothing, says POSIX.
    if (file != null && found) {
      all.add(file.equals(replaced) ? after : with(without(after, ask.name()), ask.other(), file));
    }
    if (replaced != null && replaced.equals(state.get(found(ask))) && !all.contains(after)) {
      all.add(after);
    }
    return all;
  }

  private static List<Map<String, Long>> link(Map<String, Long> state, Ask ask, Told told) {
    if (!isOr(told, 0)) {
      boolean absent = !state.containsKey(ask.name());
      return onlyIf(
          told.errno() == (absent ? ENOENT : EEXIST) && (absent || state.containsKey(ask.other())),
          state);
    }
    Long file = state.get(found(ask));
    Map<String, Long> after = without(state, found(ask));
    // A file without a name is gone.
    boolean linked = after.entrySet().stream()
        .anyMatch(entry -> entry.getValue().equals(file) && !isFound(entry.getKey()));
    return linked && !state.containsKey(ask.other())
        ? List.of(with(after, ask.other(), file))
        : List.of();
  }

  private static String found(Ask ask) {
    return FOUND + ask.number();
  }

  private static boolean isFound(String key) {
    return key.startsWith(FOUND);
  }

  private static List<Map<String, Long>> onlyIf(boolean possible, Map<String, Long> state) {
    return possible ? List.of(state) : List.of();
  }

  private static boolean isOr(Told told, int errno) {
    return told == null || told.errno() == errno;
  }

  private static Map<String, Long> with(Map<String, Long> state, String name, long file) {
    Map<String, Long> more = new TreeMap<>(state);
    more.put(name, file);
    return Map.copyOf(more);
  }

  private static Map<String, Long> without(Map<String, Long> state, String name) {
    Map<String, Long> less = new TreeMap<>(state);
    less.remove(name);
    return Map.copyOf(less);
  }
}
