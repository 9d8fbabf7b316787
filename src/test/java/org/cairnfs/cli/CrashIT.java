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

  /** Less than "extra" does not sync the removal of the journal, which is what commits. */
  private static final String SQLITE_LOOP = "sqlite3 -bail t.db"
      + " \"pragma synchronous=extra; insert into t values($i, hex(randomblob(1000 + $i)))\"";

  /** Nothing in git syncs the rename of a branch, so the loop does before it counts a commit. */
  private static final String GIT_LOOP =
      "{ seq $i $((i * 20)) >f$((i % 5)) && git add ." + " && git commit -q -m $i && sync .git; }";

  private static final Logger log = LoggerFactory.getLogger(CrashIT.class);

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

  /** What runs up to one crash, in a directory of its own. */
  private final class Round {
    private final int number;
    private final Path place;
    private final Path said;
    private final Random random;
    private final List<CrashJournal> journals = new ArrayList<>();
    private final List<Future<?>> running = new ArrayList<>();
    private CrashProgram sqlite;
    private CrashProgram git;
    private FileChannel held;
    private Future<?> removal;

    Round(int number, long seed) throws IOException {
      this.number = number;
      this.random = new Random(seed);
      place = mount.resolve("round-" + number);
      said = Files.createDirectory(directory.resolve("said-" + number));
    }

    void begin() throws IOException, InterruptedException {
      Path database = Files.createDirectories(place.resolve("sqlite"));
      Path repository = Files.createDirectories(place.resolve("git"));
      String mode = random.nextBoolean() ? "wal" : "delete";
      CrashProgram.run(
          database,
          "sqlite3 t.db 'pragma journal_mode=" + mode + "; create table t(i int primary key, b)'",
          END_LIMIT_SECONDS,
          said.resolve("sqlite"));
      CrashProgram.run(
          repository,
          "git init -q . && git config user.email a@example.org && git config user.name a"
              + " && git config gc.auto 0 && sync .git",
          END_LIMIT_SECONDS,
          said.resolve("git"));
      held = FileChannel.open(
          place.resolve("held"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      for (int i = 0; i < JOURNALS; i++) {
        Path journalPlace = place.resolve("journal-" + i);
        Files.createDirectories(journalPlace.resolve("d"));
        journals.add(new CrashJournal(journalPlace, random.nextLong()));
      }
      held.force(true);
      journals.forEach(journal -> running.add(threads.submit(journal)));
      sqlite = CrashProgram.start(database, SQLITE_LOOP, said.resolve("sqlite"));
      git = CrashProgram.start(repository, GIT_LOOP, said.resolve("git"));
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
      sqlite.awaitFailure(END_LIMIT_SECONDS);
      git.awaitFailure(END_LIMIT_SECONDS);
      if (removal != null) {
        removal.get(END_LIMIT_SECONDS, TimeUnit.SECONDS);
      }
    }

    private void closeHeld() {
      try {
        held.close();
      } catch (IOException e) {
        log.debug("Closing a file of a node that is dead gave an error, as it may", e);
      }
    }

    void verify() throws IOException, InterruptedException {
      int lost = 0;
      for (CrashJournal journal : journals) {
        lost += journal.verify();
      }
      verifySqlite();
      verifyGit();
      log.info(
          "Crash {}: {} steps after the last commit are lost, {} transactions and {} commits held",
          number,
          lost,
          sqlite.acknowledged(),
          git.acknowledged());
    }

    private void verifySqlite() throws IOException, InterruptedException {
      String answer = CrashProgram.run(
          place.resolve("sqlite"),
          "sqlite3 t.db 'pragma integrity_check; select count(*), coalesce(max(i), 0),"
              + " count(*) filter (where length(b) = 2 * (1000 + i)) from t'",
          END_LIMIT_SECONDS,
          said.resolve("sqlite"));
      List<String> lines = answer.lines().toList();
      assertThat(lines.get(0)).isEqualTo("ok");
      int rows = Integer.parseInt(lines.get(1).substring(0, lines.get(1).indexOf('|')));
      assertThat(rows).isGreaterThanOrEqualTo(sqlite.acknowledged());
      assertThat(lines.get(1)).isEqualTo(rows + "|" + rows + "|" + rows);
    }

    private void verifyGit() throws IOException, InterruptedException {
      String answer = CrashProgram.run(
          place.resolve("git"),
          "git fsck --strict --no-dangling >&2;"
              + " if git rev-parse -q --verify HEAD >&2; then git log --format=%s; fi",
          END_LIMIT_SECONDS,
          said.resolve("git"));
      List<String> subjects = answer.lines().toList();
      assertThat(subjects.size()).isGreaterThanOrEqualTo(git.acknowledged());
      for (int i = 0; i < subjects.size(); i++) {
        assertThat(subjects.get(i)).isEqualTo(String.valueOf(subjects.size() - i));
      }
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
