package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.Bytes;
import org.cairnfs.vfs.Vfs;

/** A vfs mounted on a directory of its own; closing unmounts whatever state the mount is in. */
final class MountFixture implements AutoCloseable {
  private static final long PROGRAM_LIMIT_SECONDS = 120;

  /** What a program printed, and how it ended. */
  record Output(int exitCode, String text) {}

  /** One, as in a node: its mounts know each other. */
  private static final FuseLibrary LIBRARY = load();

  final FuseMount mount;
  final Path directory;

  private MountFixture(FuseMount mount, Path directory) {
    this.mount = mount;
    this.directory = directory;
  }

  private static FuseLibrary load() {
    try {
      return FuseLibrary.load();
    } catch (MountException e) {
      throw new IllegalStateException(e);
    }
  }

  static MountFixture mount(Vfs vfs) throws IOException {
    return mount(vfs, Duration.ofSeconds(1));
  }

  static MountFixture mount(Vfs vfs, Duration cacheTimeout, String... options) throws IOException {
    return mount(vfs, FuseSettings.DEFAULT.withCacheTimeout(cacheTimeout), options);
  }

  static MountFixture mount(Vfs vfs, FuseSettings settings, String... options) throws IOException {
    Path directory = Files.createTempDirectory("cairn-fuse");
    return new MountFixture(LIBRARY.mount(vfs, directory, List.of(options), settings), directory);
  }

  static MemoryVfs memory() {
    return new MemoryVfs(Clock.systemUTC());
  }

  static Bytes name(String text) {
    return new Bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  /** Runs a script with bash in the mount, with {@code set -e}; fails unless it succeeds. */
  String bash(String script) throws Exception {
    Output output = tryBash(script);
    assertThat(output.exitCode).as(output.text).isZero();
    return output.text;
  }

  Output tryBash(String script) throws Exception {
    return run(start(List.of("bash", "-c", "set -e -o pipefail\n" + script), directory));
  }

  /** Runs a Perl program in the mount; fails unless it succeeds. */
  String perl(String program, String... arguments) throws Exception {
    Output output = run(startPerl(program, arguments));
    assertThat(output.exitCode).as(output.text).isZero();
    return output.text;
  }

  /** As {@link #perl}, in another directory: arguments must be absolute paths. */
  static String perlOutside(String program, String... arguments) throws Exception {
    Output output = run(start(perlCommand(program, arguments), Path.of("/")));
    assertThat(output.exitCode).as(output.text).isZero();
    return output.text;
  }

  Process startPerl(String program, String... arguments) throws IOException {
    return start(perlCommand(program, arguments), directory);
  }

  private static List<String> perlCommand(String program, String... arguments) {
    List<String> command = new ArrayList<>(List.of("perl", "-e", "$| = 1;\n" + program));
    command.addAll(List.of(arguments));
    return command;
  }

  static Output run(Process process) throws Exception {
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(PROGRAM_LIMIT_SECONDS, TimeUnit.SECONDS))
        .as(text)
        .isTrue();
    return new Output(process.exitValue(), text.strip());
  }

  private static Process start(List<String> command, Path workingDirectory) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(workingDirectory.toFile()).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    return builder.start();
  }

  @Override
  public void close() throws IOException {
    mount.abort();
    Files.delete(directory);
  }
}
