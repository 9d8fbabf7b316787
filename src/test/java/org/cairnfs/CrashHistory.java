package org.cairnfs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What one program does to a small tree, step by step, and how far it got before a crash.
 *
 * <p>After the crash the tree must be as it was after some step, and not an earlier one than the
 * last that an fsync covered. The steps follow from the seed alone: {@link #verify} makes them
 * again on a map.
 */
public final class CrashHistory {
  /** The names of the files; {@code d} is a directory. */
  private static final List<String> NAMES = List.of("a", "b", "c", "d/a", "d/b", "d/c");

  private static final int WRITE_MAX_BYTES = 60_000;
  private static final int STREAM_WRITE_BYTES = 64 << 10;

  /** More than a block. */
  private static final int STREAM_WRITES_MAX = 24;

  private static final int FILE_MAX_BYTES = 4 << 20;
  private static final int PAGE_BYTES = 4096;
  private static final int SYNC_PERMILLE = 15;

  /** The filesystem that is going to crash. A file is named {@code a} or {@code d/a}. */
  public interface Target {
    void create(String name) throws Exception;

    /** Writes all bytes, at most {@link #STREAM_WRITE_BYTES}. */
    void write(String name, int offset, byte[] bytes) throws Exception;

    void truncate(String name, int sizeBytes) throws Exception;

    void rename(String name, String newName) throws Exception;

    void delete(String name) throws Exception;

    void sync(String name) throws Exception;
  }

  /** What a step does to a file. */
  private enum Kind {
    CREATE,
    WRITE,
    TRUNCATE,
    RENAME,
    DELETE
  }

  /**
   * One step.
   *
   * @param offset where to write, or the new length
   * @param synced whether an fsync follows
   */
  private record Step(
      Kind kind, String name, String newName, int offset, byte[] bytes, boolean synced) {}

  /** Chooses the steps and keeps what the directory holds after those chosen so far. */
  private static final class Script {
    private final Random random;
    private final Map<String, byte[]> files = new TreeMap<>();
    private String streamName = "";
    private int streamLeft;

    Script(long seed) {
      random = new Random(seed);
    }

    Step next() {
      Step step = choose();
      apply(step);
      return step;
    }

    private Step choose() {
      if (streamLeft > 0 && files.containsKey(streamName)) {
        streamLeft--;
        return write(streamName, files.get(streamName).length, STREAM_WRITE_BYTES);
      }
      streamLeft = 0;
      String name = NAMES.get(random.nextInt(NAMES.size()));
      byte[] content = files.get(name);
      if (content == null) {
        return step(Kind.CREATE, name, "", 0, new byte[0]);
      }
      return switch (random.nextInt(12)) {
        case 0 -> step(Kind.DELETE, name, "", 0, new byte[0]);
        case 1, 2 -> step(Kind.RENAME, name, otherThan(name), 0, new byte[0]);
        case 3 -> step(Kind.TRUNCATE, name, "", random.nextInt(content.length + 5000), new byte[0]);
        case 4 -> {
          streamName = name;
          streamLeft = random.nextInt(STREAM_WRITES_MAX);
          yield write(name, content.length, STREAM_WRITE_BYTES);
        }
        case 5, 6 -> write(name, random.nextInt(content.length + 1), 1 + random.nextInt(5000));
        default -> write(name, content.length, 1 + random.nextInt(WRITE_MAX_BYTES));
      };
    }

    private Step write(String name, int offset, int length) {
      if (offset + length > FILE_MAX_BYTES) {
        return step(Kind.TRUNCATE, name, "", 0, new byte[0]);
      }
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      return step(Kind.WRITE, name, "", offset, bytes);
    }

    private Step step(Kind kind, String name, String newName, int offset, byte[] bytes) {
      boolean synced = kind == Kind.WRITE && random.nextInt(1000) < SYNC_PERMILLE;
      return new Step(kind, name, newName, offset, bytes, synced);
    }

    private String otherThan(String name) {
      List<String> others = new ArrayList<>(NAMES);
      others.remove(name);
      return others.get(random.nextInt(others.size()));
    }

    private void apply(Step step) {
      byte[] content = files.getOrDefault(step.name, new byte[0]);
      switch (step.kind) {
        case CREATE -> files.put(step.name, content);
        case WRITE -> {
          int end = Math.max(content.length, step.offset + step.bytes.length);
          byte[] written = Arrays.copyOf(content, end);
          System.arraycopy(step.bytes, 0, written, step.offset, step.bytes.length);
          files.put(step.name, written);
        }
        case TRUNCATE -> files.put(step.name, Arrays.copyOf(content, step.offset));
        case RENAME -> files.put(step.newName, files.remove(step.name));
        case DELETE -> files.remove(step.name);
      }
    }
  }

  private final long seed;

  /** Steps that began, that ended, and that an fsync covered. */
  private final AtomicInteger begun = new AtomicInteger();

  private final AtomicInteger done = new AtomicInteger();
  private final AtomicInteger synced = new AtomicInteger();

  /** The history of a tree with nothing in it but a directory {@code d}. */
  public CrashHistory(long seed) {
    this.seed = seed;
  }

  /** Takes up to so many steps, until one fails: throws what it threw. */
  public void take(int stepsMax, Target target) throws Exception {
    Script script = new Script(seed);
    for (int i = 0; i < stepsMax; i++) {
      Step step = script.next();
      begun.incrementAndGet();
      switch (step.kind) {
        case CREATE -> target.create(step.name);
        case WRITE -> target.write(step.name, step.offset, step.bytes);
        case TRUNCATE -> target.truncate(step.name, step.offset);
        case RENAME -> target.rename(step.name, step.newName);
        case DELETE -> target.delete(step.name);
      }
      int covered = done.incrementAndGet();
      if (step.synced) {
        target.sync(step.name);
        synced.set(covered);
      }
    }
  }

  /**
   * Fails unless the files are as they were after some step, not before the last one synced.
   *
   * @param found their content by name
   * @param writesInPages whether a write may also be there up to the end of some page: the kernel
   *     may make several requests of one
   * @return how many steps that ended are lost
   */
  public int verify(Map<String, byte[]> found, boolean writesInPages) {
    Script script = new Script(seed);
    for (int steps = 0; steps <= begun.get(); steps++) {
      if (steps >= synced.get() && sameAs(script.files, found)) {
        return Math.max(0, done.get() - steps);
      }
      Map<String, byte[]> before = new TreeMap<>(script.files);
      Step next = script.next();
      if (writesInPages
          && steps >= synced.get()
          && steps < begun.get()
          && isPart(next, before, found)) {
        return Math.max(0, done.get() - steps);
      }
    }
    throw new AssertionError(describe(found));
  }

  /** Whether {@code found} is as {@code before}, and some pages of a write are there already. */
  private static boolean isPart(Step step, Map<String, byte[]> before, Map<String, byte[]> found) {
    if (step.kind != Kind.WRITE) {
      return false;
    }
    byte[] content = before.get(step.name);
    for (int end = step.offset - step.offset % PAGE_BYTES + PAGE_BYTES;
        end < step.offset + step.bytes.length;
        end += PAGE_BYTES) {
      byte[] part = Arrays.copyOf(content, Math.max(content.length, end));
      System.arraycopy(step.bytes, 0, part, step.offset, end - step.offset);
      before.put(step.name, part);
      if (sameAs(before, found)) {
        return true;
      }
    }
    return false;
  }

  private static boolean sameAs(Map<String, byte[]> expected, Map<String, byte[]> found) {
    return expected.keySet().equals(found.keySet())
        && expected.entrySet().stream()
            .allMatch(entry -> Arrays.equals(entry.getValue(), found.get(entry.getKey())));
  }

  /** Says how the directory differs from the step that comes closest. */
  private String describe(Map<String, byte[]> found) {
    List<String> closest = List.of();
    int closestStep = -1;
    Script script = new Script(seed);
    for (int step = 0; step <= begun.get(); step++) {
      List<String> differences = differences(script.files, found);
      if (closestStep < 0 || differences.size() <= closest.size()) {
        closest = differences;
        closestStep = step;
      }
      Step unused = script.next();
    }
    return "seed " + seed + ": the tree is as after none of the steps " + synced + " to " + begun
        + "; after step " + closestStep + " it would differ by " + closest;
  }

  private static List<String> differences(Map<String, byte[]> expected, Map<String, byte[]> found) {
    List<String> differences = new ArrayList<>();
    for (String name : NAMES) {
      byte[] wanted = expected.get(name);
      byte[] got = found.get(name);
      if (wanted == null || got == null) {
        if (wanted != got) {
          differences.add(name + (got == null ? " is missing" : " should not be"));
        }
      } else if (!Arrays.equals(wanted, got)) {
        differences.add(name + " from byte " + Arrays.mismatch(wanted, got) + ", of " + got.length
            + " instead of " + wanted.length);
      }
    }
    return differences;
  }
}
