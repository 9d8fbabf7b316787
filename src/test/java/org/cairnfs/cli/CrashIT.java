package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Programs work on a mount; the node is killed at a random moment and mounted again; everything
 * that was synced is there, and the rest is a prefix of what was done. And so on.
 *
 * <p>{@code -Dcairn.crashes} says how often, {@code -Dcairn.crashSeed} where chance begins;
 * mount-scripts/test-crashes.sh takes both. The seed fixes what is done, not how far it gets.
 */
final class CrashIT {
  private static final int CRASHES = Integer.getInteger("cairn.crashes", 20);
  private static final long SEED = Long.getLong("cairn.crashSeed", 1);

  /** The longest time from the programs' start to the crash. */
  private static final int LIFE_MAX_MILLIS = 2000;

  /** A program that gets no answer for this long hangs. */
  private static final int END_LIMIT_SECONDS = 30;

  private static final int JOURNALS = 2;

  private static final List<Program> PROGRAMS = List.of(Program.values());

  private static final Logger LOG = LoggerFactory.getLogger(CrashIT.class);

  private @TempDir Path directory;
  private CairnProcess cairn;
  private Path mount;
  private ExecutorService threads;

  @BeforeEach
  void init() throws Exception {
    cairn = new CairnProcess(directory.resolve("home"));
    mount = Files.createDirectory(directory.resolve("mount"));
    cairn.run("init").ok();
    threads = Executors.newCachedThreadPool();
  }

  @AfterEach
  void stop() throws Exception {
    threads.shutdownNow();
    cairn.run("stop").ok();
  }

  @Test
  @Timeout(value = 6, unit = TimeUnit.HOURS)
  void aKilledNodeLosesNothingSyncedAndLeavesAPrefixOfTheRest() throws Exception {
    Random random = new Random(SEED);
    cairn.run("mount", mount).ok();
    Round before = null;
    for (int crash = 1; crash <= CRASHES; crash++) {
      Round round = new Round(crash, random.nextLong());
      round.begin();
      if (before != null) {
        // Its space is given back while the next crash comes near.
        before.remove();
      }
      TimeUnit.MILLISECONDS.sleep(random.nextInt(LIFE_MAX_MILLIS));
      round.crash();
      cairn.run("mount", mount).ok();
      try {
        round.verify();
      } catch (AssertionError | IOException e) {
        throw new AssertionError(
            "after crash " + crash + " of -Dcairn.crashSeed=" + SEED + ": " + e.getMessage(), e);
      }
      before = round;
    }
  }

  /**
   * A program that keeps numbers, in a directory.
   *
   * <p>To sync a transaction of SQLite that deletes its journal takes "extra". git does not sync
   * the rename of a branch; the loop does it before the commit counts.
   */
  private enum Program {
    SQLITE(
        "sqlite3 t.db 'create table t(i int primary key, b)'",
        "sqlite3 -bail t.db"
            + " \"pragma synchronous=extra; insert into t values($i, randomblob(1000 + $i))\"",
        "test $(sqlite3 t.db 'pragma integrity_check') = ok;"
            + " sqlite3 t.db 'select i from t where length(b) = 1000 + i order by i'"),
    SQLITE_WAL(
        "sqlite3 t.db 'pragma journal_mode=wal; create table t(i int primary key, b)'",
        SQLITE.loop,
        SQLITE.check),
    GIT(
        "git init -q . && git config user.email a@example.org && git config user.name a"
            + " && git config gc.auto 0",
        "{ seq $i $((i * 20)) >f$((i % 5)) && git add . && git commit -q -m $i && sync .git; }",
        "git fsck --strict --no-dangling >&2;"
            + " ! git rev-parse -q --verify HEAD >&2 || git log --reverse --format=%s");

    private final String setUp;
    private final String loop;
    private final String check;

    Program(String setUp, String loop, String check) {
      this.setUp = setUp;
      this.loop = loop;
      this.check = check;
    }

    String setUp() {
      return setUp;
    }

    /** Adds number {@code $i}, durably. */
    String loop() {
      return loop;
    }

    /** Fails unless all is well, and prints the numbers. */
    String check() {
      return check;
    }
  }

  /** What runs up to one crash, in a directory of its own. */
  private final class Round {
    private final int number;
    private final Path place;
    private final Path said;
    private final Random random;
    private final List<CrashJournal> journals = new ArrayList<>();
    private final List<Future<?>> running = new ArrayList<>();
    private final Program program;
    private CrashProgram loop;
    private FileChannel held;
    private Future<?> removal;

    Round(int number, long seed) throws IOException {
      this.number = number;
      this.random = new Random(seed);
      program = PROGRAMS.get(number % PROGRAMS.size());
      place = mount.resolve("round-" + number);
      said = Files.createDirectory(directory.resolve("said-" + number));
    }

    void begin() throws IOException, InterruptedException {
      Path programPlace = Files.createDirectories(place.resolve("program"));
      CrashProgram.run(programPlace, program.setUp(), END_LIMIT_SECONDS, said.resolve("program"));
      for (int i = 0; i < JOURNALS; i++) {
        Path journalPlace = place.resolve("journal-" + i);
        Files.createDirectories(journalPlace.resolve("d"));
        journals.add(new CrashJournal(journalPlace, random.nextLong()));
      }
      held = FileChannel.open(
          place.resolve("held"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      held.force(true);
      journals.forEach(journal -> running.add(threads.submit(journal)));
      loop = CrashProgram.start(programPlace, program.loop(), said.resolve("program"));
    }

    /** Kills the node. Nobody may hang who has a file of it open. */
    void crash() throws Exception {
      cairn.killNode();
      assertThatThrownBy(() -> held.write(ByteBuffer.allocate(1))).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> held.force(true)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> Files.createFile(place.resolve("new")))
          .isInstanceOf(IOException.class);
      closeHeld();
      for (Future<?> journal : running) {
        journal.get(END_LIMIT_SECONDS, TimeUnit.SECONDS);
      }
      loop.awaitFailure(END_LIMIT_SECONDS);
      if (removal != null) {
        removal.get(END_LIMIT_SECONDS, TimeUnit.SECONDS);
      }
    }

    private void closeHeld() {
      try {
        held.close();
      } catch (IOException e) {
        LOG.debug("Closing a file of a node that is dead gave an error, as it may", e);
      }
    }

    void verify() throws IOException, InterruptedException {
      int lost = 0;
      for (CrashJournal journal : journals) {
        lost += journal.verify();
      }
      String answer = CrashProgram.run(
          place.resolve("program"), program.check(), END_LIMIT_SECONDS, said.resolve("program"));
      List<Integer> held = answer.lines().map(Integer::valueOf).toList();
      assertThat(held)
          .as("what %s holds", program)
          .hasSizeGreaterThanOrEqualTo(loop.acknowledged());
      for (int i = 0; i < held.size(); i++) {
        assertThat(held.get(i)).as("number %d of what %s holds", i, program).isEqualTo(i + 1);
      }
      LOG.info(
          "Crash {}: {} steps since the last commit are lost; {} has {} numbers, {} acknowledged",
          number,
          lost,
          program,
          held.size(),
          loop.acknowledged());
    }

    /** Removes what it left, beside everything else; the crash may come in the middle. */
    void remove() {
      removal = threads.submit(() -> {
        Process remove = new ProcessBuilder("rm", "-rf", place.toString())
            .redirectError(said.resolve("rm").toFile())
            .start();
        return remove.waitFor();
      });
    }
  }
}
