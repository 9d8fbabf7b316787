package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is in a node's home is damaged while the node is down: it starts, says what it found, serves
 * everything intact, and fails for the rest. It never gives wrong bytes.
 */
final class DamageIT {
  private static final int FILES = 12;
  private static final int FILE_BYTES = 300_000;

  private @TempDir Path directory;
  private CairnProcess cairn;
  private Path mount;
  private final Map<String, byte[]> written = new TreeMap<>();

  @BeforeEach
  void writeAndKill() throws Exception {
    cairn = new CairnProcess(directory.resolve("home"));
    mount = Files.createDirectory(directory.resolve("mount"));
    cairn.foundAndMount(mount);
    Random random = new Random(3);
    for (int i = 0; i < FILES; i++) {
      byte[] content = new byte[FILE_BYTES];
      random.nextBytes(content);
      String name = "file-" + (char) ('a' + i);
      try (FileChannel file = FileChannel.open(
          mount.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        assertThat(file.write(ByteBuffer.wrap(content))).isEqualTo(content.length);
        file.force(true);
      }
      written.put(name, content);
    }
    cairn.killNode();
  }

  @AfterEach
  void stop() throws Exception {
    cairn.run("stop").ok();
  }

  @Test
  void aTornSegmentLosesOnlyItsEnd() throws Exception {
    Path segment = onlySegment();
    long size = Damage.endOfData(segment);
    Damage.truncate(segment, size - FILE_BYTES - FILE_BYTES / 2);

    cairn.run("mount", mount).ok();
    List<String> damaged = damagedFiles();
    assertThat(damaged).containsExactly("file-k", "file-l");
    assertThat(nodeLog()).containsPattern("WARN|ERROR").contains("egment 1");
    worksAsBefore();
  }

  @Test
  void aFlippedBitIsFoundWhenItIsRead() throws Exception {
    Damage.flip(onlySegment(), 5L * FILE_BYTES);

    cairn.run("mount", mount).ok();
    assertThat(damagedFiles()).hasSize(1);
    assertThat(nodeLog()).contains("ERROR");
    worksAsBefore();
  }

  @Test
  void aDeletedIndexIsMadeAgainAndAFlippedBitIsFoundThen() throws Exception {
    Damage.flip(onlySegment(), 5L * FILE_BYTES);
    deleteTree(cairn.home().resolve("index"));

    cairn.run("mount", mount).ok();
    assertThat(nodeLog()).contains("is damaged: segment 1");
    assertThat(damagedFiles()).hasSize(1);
    worksAsBefore();
  }

  @Test
  void aRaftLogWithoutItsEndLosesOnlyWhatCameLast() throws Exception {
    Path log = Damage.lastOf(cairn.home().resolve("raft"), "log_inprogress_");
    Damage.truncate(log, Damage.endOfData(log) - 10);

    cairn.run("mount", mount).ok();
    List<String> found = new ArrayList<>();
    for (Map.Entry<String, byte[]> file : written.entrySet()) {
      if (Files.exists(mount.resolve(file.getKey()))) {
        found.add(file.getKey());
        byte[] content = Files.readAllBytes(mount.resolve(file.getKey()));
        boolean isLast = found.size() == FILES;
        assertThat(Arrays.equals(content, file.getValue()) || isLast)
            .as(file.getKey())
            .isTrue();
      }
    }
    assertThat(found).hasSizeGreaterThanOrEqualTo(FILES - 1);
    assertThat(found).isEqualTo(List.copyOf(written.keySet()).subList(0, found.size()));
    assertThat(nodeLog()).containsPattern("WARN .*log");
    worksAsBefore();
  }

  /** The files that cannot be read; the others must be what was written. */
  private List<String> damagedFiles() {
    List<String> damaged = new ArrayList<>();
    written.forEach((name, content) -> {
      try {
        assertThat(Files.readAllBytes(mount.resolve(name))).as(name).isEqualTo(content);
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("Input/output error");
        damaged.add(name);
      }
    });
    return damaged;
  }

  private void worksAsBefore() throws Exception {
    Files.write(mount.resolve("new"), new byte[FILE_BYTES]);
    Files.write(mount.resolve("file-f"), written.get("file-f"));
    cairn.run("stop").ok();
    cairn.run("mount", mount).ok();
    assertThat(mount.resolve("new")).hasBinaryContent(new byte[FILE_BYTES]);
    assertThat(mount.resolve("file-f")).hasBinaryContent(written.get("file-f"));
  }

  private String nodeLog() throws IOException {
    return Files.readString(cairn.home().resolve("log/cairn.log"));
  }

  private Path onlySegment() throws IOException {
    return Damage.lastOf(cairn.home().resolve("segments"), "0");
  }

  private static void deleteTree(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
