package org.cairnfs.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A filesystem of a test's own, which only root can mount, for the home of a node, and a directory
 * for the mount of its volume.
 */
final class OwnDisk {
  private static final long LIMIT_SECONDS = 60;

  final Path disk;
  final Path mount;
  final CairnProcess cairn;

  private OwnDisk(Path disk, Path mount) {
    this.disk = disk;
    this.mount = mount;
    this.cairn = new CairnProcess(disk.resolve("home"));
  }

  /** Mounts the filesystem; skips the test if this system does not let it. */
  static OwnDisk mounted(Path directory, String... mountArguments) throws Exception {
    OwnDisk made = new OwnDisk(
        Files.createDirectory(directory.resolve("disk")),
        Files.createDirectory(directory.resolve("mount")));
    List<String> command = new ArrayList<>(List.of("mount"));
    command.addAll(List.of(mountArguments));
    command.add(made.disk.toString());
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assumeTrue(process.exitValue() == 0, "needs the right to mount " + command);
    return made;
  }

  /** Takes the filesystem away again, after the node has been stopped. */
  void unmount() throws Exception {
    assertThat(sh("umount $0", disk)).isEmpty();
  }

  /** What a script prints, to either stream, that runs in the volume's root. */
  String sh(String script, Path... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("bash", "-c", script));
    for (Path argument : arguments) {
      command.add(argument.toString());
    }
    Process process = new ProcessBuilder(command)
        .directory(mount.toFile())
        .redirectErrorStream(true)
        .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    return said;
  }
}
