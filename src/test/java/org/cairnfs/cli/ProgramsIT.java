package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ordinary programs on a real mount, over restarts and crashes of the node. */
final class ProgramsIT {
  private static final long PROGRAM_LIMIT_SECONDS = 180;

  private @TempDir Path directory;
  private CairnProcess cairn;
  private Path mount;

  @BeforeEach
  void mount() throws Exception {
    cairn = new CairnProcess(directory.resolve("home"));
    mount = Files.createDirectory(directory.resolve("mount"));
    cairn.foundAndMount(mount);
  }

  @AfterEach
  void stop() throws Exception {
    cairn.run("stop").ok();
  }

  @Test
  void aSourceTreeIsTheSameAfterCopyTarRsyncAndARestart() throws Exception {
    sh("cp -a /usr/include/linux tree && diff -r --no-dereference /usr/include/linux tree");
    sh("mkdir untarred && tar cf - -C /usr/include linux | tar xf - -C untarred");
    sh("rsync -a tree/ synced/ && test -z \"$(rsync -ani --checksum tree/ synced/)\"");
    cairn.run("stop").ok();
    cairn.run("mount", mount).ok();
    sh("diff -r /usr/include/linux tree && diff -r /usr/include/linux untarred/linux");
    sh("diff -r tree synced");
  }

  @Test
  void gitAndSqliteWork() throws Exception {
    sh(
        "git init -q repo && cd repo && git config user.email a@example.org && git config user.name a"
            + " && cp -r /usr/include/asm-generic . && git add -A && git commit -qm one"
            + " && git clone -q . ../clone && cd ../clone && git fsck --strict"
            + " && test -z \"$(git status --porcelain)\" && git gc -q && git fsck");
    sh(
        "for i in 1 2 3 4 5; do sqlite3 t.db 'create table if not exists t(a);"
            + " insert into t values(randomblob(9999));'; done;"
            + " test \"$(sqlite3 t.db 'pragma integrity_check; select count(*) from t')\" = \"$(printf 'ok\\n5')\"");
  }

  /** What ordinary programs do not ask for every day. */
  @Test
  void theRestOfPosixWorks() throws Exception {
    sh("""
        mkdir inherits && chown 0:$(id -g) inherits && chmod 2775 inherits
        touch inherits/f && mkdir inherits/d && mkfifo inherits/p && ln -s x inherits/l
        test "$(stat -c %a inherits/d)" = 2755
        test "$(stat -c %g inherits/* | sort -u)" = "$(stat -c %g inherits)"
        truncate -s 100M hole && test "$(stat -c '%s %b' hole)" = '104857600 0'
        printf x >> hole && sync hole && test "$(stat -c '%s %b' hole)" = '104857601 1'
        stat -c '%n %i' inherits/* > before
        """);
    sh("""
        python3 - <<'PYTHON'
        import mmap, os
        file = os.open('mapped', os.O_RDWR | os.O_CREAT)
        os.ftruncate(file, 12388)
        mapped = mmap.mmap(file, 12388)
        mapped[4096:4100], mapped[12384:12388] = b'abcd', b'tail'
        mapped.flush()
        assert os.pread(file, 4, 4096) == b'abcd' and os.pread(file, 9, 12384) == b'tail'
        os.pwrite(file, b'EFGH', 4096)
        assert mapped[4096:4100] == b'EFGH'
        os.fsync(file)
        os.link('mapped', 'linked')
        os.unlink('mapped')
        os.unlink('linked')
        mapped[:5] = b'still'
        mapped.flush()
        assert os.fstat(file).st_nlink == 0 and os.pread(file, 5, 0) == b'still'
        with open('kept', 'w+b') as kept:
            kept.truncate(5000)
            mmap.mmap(kept.fileno(), 5000)[4998:5000] = b'ok'
        PYTHON
        """);
    cairn.run("stop").ok();
    cairn.run("mount", mount).ok();
    sh("stat -c '%n %i' inherits/* | cmp - before && test \"$(tail -c 2 kept)\" = ok");
  }

  @Test
  void fioFindsWhatItWrote() throws Exception {
    sh(
        "fio --name=v --directory=. --size=24m --rw=randrw --bsrange=1k-96k --verify=crc32c --fallocate=none"
            + " --verify_fatal=1 --ioengine=psync --overwrite=1 --end_fsync=1 --randseed=5 >/dev/null");
  }

  @Test
  void nothingReadableIsInTheHome() throws Exception {
    String secret = "the quick brown fox of " + directory.hashCode();
    Files.writeString(mount.resolve("plainly-named-file"), secret.repeat(2000));
    Files.createDirectory(mount.resolve("plainly-named-directory"));
    Files.createSymbolicLink(mount.resolve("plainly-named-link"), Path.of("plainly-named-target"));
    cairn.run("stop").ok();
    try (Stream<Path> files = Files.walk(cairn.home())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(bytes.contains("plainly-named") || bytes.contains(secret))
            .as("%s holds plaintext", file)
            .isFalse();
      }
    }
    cairn.run("mount", mount).ok();
    assertThat(mount.resolve("plainly-named-file")).hasContent(secret.repeat(2000));
  }

  @Test
  void copiesAreStoredOnceAndRemovedOnesGiveTheirSpaceBack() throws Exception {
    sh("head -c 20000000 /dev/urandom > one && cp one two && sync one two");
    // pieces of a block that a cut stored early go once the block is stored whole
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(status("storedBytes")).isBetween(20_000_000L, 20_100_000L));
    assertThat(status("logicalBytes")).isEqualTo(40_000_000L);
    sh("rm one two && sync .");
    Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
      assertThat(status("storedBytes")).isLessThan(1_000_000L);
      assertThat(status("segmentBytes")).isLessThan(10_000_000L);
    });
  }

  private long status(String key) throws Exception {
    String json = cairn.run("status", "--json").ok().out();
    var found = Pattern.compile("\"" + key + "\": (\\d+)").matcher(json);
    assertThat(found.find()).as("%s in %s", key, json).isTrue();
    return Long.parseLong(found.group(1));
  }

  private void sh(String script) throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "output", ".txt");
    Process process = new ProcessBuilder(List.of("bash", "-ec", script))
        .directory(mount.toFile())
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
    boolean ended = process.waitFor(PROGRAM_LIMIT_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    }
    assertThat(ended)
        .as("%s ended; it said: %s", script, Files.readString(output))
        .isTrue();
    assertThat(process.exitValue())
        .as("%s said: %s", script, Files.readString(output))
        .isZero();
  }
}
