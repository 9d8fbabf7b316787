package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A shell loop around a real program that prints a number whenever it holds something to be safe on
 * disk, and ends when the filesystem gives an error.
 */
final class CrashProgram {
  private final Process process;
  private final Path errors;
  private final CompletableFuture<Void> reading;
  private volatile int acknowledged;

  private CrashProgram(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
    this.reading = CompletableFuture.runAsync(this::readAcknowledged, CairnProcess.OWN_THREAD);
  }

  /**
   * Starts a loop.
   *
   * @param body done again and again with {@code $i} = 1, 2, ...; when it succeeded, what came
   *     before is safe
   * @param errors a file for what it says, outside the filesystem tested
   */
  static CrashProgram start(Path directory, String body, Path errors) throws IOException {
    String script = "i=0; while i=$((i + 1)); do " + body + " || exit 1; echo $i; done";
    Process process = new ProcessBuilder(List.of("bash", "-c", script))
        .directory(directory.toFile())
        .redirectError(errors.toFile())
        .start();
    return new CrashProgram(process, errors);
  }

  /** Runs a script to its end, which must be a good one, and returns what it printed. */
  static String run(Path directory, String script, int limitSeconds, Path errors)
      throws IOException, InterruptedException {
    Path output = errors.resolveSibling(errors.getFileName() + ".out");
    Process process = new ProcessBuilder(List.of("bash", "-ec", script))
        .directory(directory.toFile())
        .redirectOutput(output.toFile())
        .redirectError(errors.toFile())
        .start();
    if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(script + " did not end");
    }
    String said = Files.readString(output) + Files.readString(errors);
    assertThat(process.exitValue()).as("%s said: %s", script, said).isZero();
    return Files.readString(output).strip();
  }

  private void readAcknowledged() {
    try (BufferedReader reader = new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        acknowledged = Integer.parseInt(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The last number it printed. */
  int acknowledged() {
    return acknowledged;
  }

  /** Fails unless it ends by itself, with an error, within so many seconds. */
  void awaitFailure(int limitSeconds) throws InterruptedException, IOException {
    boolean ended = process.waitFor(limitSeconds, TimeUnit.SECONDS);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    String said = Files.readString(errors);
    assertThat(ended)
        .as("a program hangs after the node died; it said: %s", said)
        .isTrue();
    assertThat(process.exitValue()).as("exit code; it said: %s", said).isNotZero();
    reading.join();
  }
}
