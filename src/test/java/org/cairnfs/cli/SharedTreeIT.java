package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cairnfs.cli.Hosts.Host;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What programs on three hosts do with one tree, as processes on this machine. */
@Tag("alone")
final class SharedTreeIT {
  private static final int FILES = 10_000;
  private static final int STREAM_MIB = Integer.getInteger("cairn.shared.streamMib", 400);
  private static final Duration USABLE_WITHIN = Duration.ofSeconds(10);

  /** Little, so that whoever keeps a file of this size in memory ends. */
  private static final String SMALL_HEAP = "-Xmx160m -XX:MaxDirectMemorySize=96m";

  private static final long RESIDENT_MAX_BYTES = 700L << 20;

  private @TempDir Path directory;

  @RegisterExtension
  final Hosts hosts = new Hosts(() -> directory, SMALL_HEAP);

  private Host one;
  private Host two;
  private Host three;

  @BeforeEach
  void start() throws Exception {
    one = hosts.found();
    two = hosts.joinAndMount(one);
    Host host = hosts.host();
    long begin = System.nanoTime();
    three = hosts.join(host, two);
    three.mounted();
    Files.writeString(three.mount().resolve("usable"), "yes");
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .as("from join to a mount that takes files")
        .isLessThan(USABLE_WITHIN);
    assertThat(one.mount().resolve("usable")).hasContent("yes");
  }

  @Test
  void tenThousandFilesAreTheSameOnAnotherHostWhicheverIsStartedAgain() throws Exception {
    Path original = directory.resolve("original");
    Hosts.makeTree(original, FILES, 1);
    one.sh("cp -r " + original + " tree");
    Hosts.assertSame(original, two.mount().resolve("tree"));
    for (Host host : List.of(one, two, three)) {
      host.cairn().run("stop").ok();
      host.mounted();
      assertThat(host.sh("find tree -type f | wc -l")).isEqualToIgnoringNewLines("" + FILES);
      three.sh("diff -r " + original + "/d3 tree/d3");
    }
  }

  /** The third one dies while the first writes, and again while the second reads. */
  @Test
  void aLargeFileStreamsFromHostToHostWhileAThirdDies() throws Exception {
    String make = "openssl enc -aes-128-ctr -nosalt -K 00 -iv 00 < /dev/zero 2>/dev/null"
        + " | head -c " + STREAM_MIB + "M";
    String write = "{ " + make + " || true; } | tee large | sha256sum; sync large";
    Process writer = one.begin(write);
    awaitSize(one.mount().resolve("large"), STREAM_MIB / 3);
    three.cairn().killNode();
    String sum = Host.awaitEnd(writer, write);
    three.mounted();

    Process reader = two.begin("sha256sum < large");
    TimeUnit.MILLISECONDS.sleep(300);
    three.cairn().killNode();
    assertThat(Host.awaitEnd(reader, "sha256sum")).isEqualTo(sum);
    assertThat(one.residentMaxBytes()).isLessThan(RESIDENT_MAX_BYTES);
    assertThat(two.residentMaxBytes()).isLessThan(RESIDENT_MAX_BYTES);
    three.mounted();
    assertThat(three.sh("sha256sum < large")).isEqualTo(sum);

    // nobody wrote anything since: the last one has nothing to wait for
    for (Host host : List.of(one, two, three)) {
      host.cairn().run("stop").ok();
    }
  }

  private static void awaitSize(Path file, int mib) throws Exception {
    while (!Files.exists(file) || Files.size(file) < (long) mib << 20) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /** SQLite in its rollback mode relies on locks, and on seeing what was written under them. */
  @Test
  void sqliteAndGitAreUsedByTwoHostsAtOnce() throws Exception {
    one.sh("sqlite3 t.db 'create table t(host, i, b)'");
    String insert = "for i in $(seq 40); do sqlite3 -bail -cmd '.timeout 60000' t.db"
        + " \"begin immediate; insert into t values('%s', $i, randomblob(3000)); commit\"; done";
    atOnce(insert.formatted("one"), insert.formatted("two"));
    for (Host host : List.of(one, two, three)) {
      assertThat(host.sh("sqlite3 t.db 'pragma integrity_check;"
              + " select count(*), count(distinct host || i), max(i) from t'"))
          .isEqualTo("ok\n80|80|40\n");
    }

    one.sh("git init -q --bare -b main shared.git");
    String work = "git clone -q shared.git $0 2>&1 && cd $0 && git config user.email a@example.org"
        + " && git config user.name $0; for i in $(seq 8); do echo $i >$0-$i; git add .;"
        + " git commit -q -m \"$0 $i\"; until git push -q origin HEAD:main 2>/dev/null;"
        + " do git pull -q --rebase origin main || git rebase --abort; done; done";
    atOnce(work.replace("$0", "one"), work.replace("$0", "two"));
    assertThat(three.sh("cd shared.git && git fsck --strict >/dev/null 2>&1"
            + " && git log --format=%s main | sort | uniq | wc -l"))
        .isEqualTo("16\n");
  }

  private void atOnce(String first, String second) throws Exception {
    Process begun = one.begin(first);
    two.sh(second);
    String unused = Host.awaitEnd(begun, first);
  }
}
