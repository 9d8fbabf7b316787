package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The command as people run it: mount-scripts/cairn in a process of its own, with a home of the
 * test's.
 */
final class CairnProcess {
  private static final Path LAUNCHER = Path.of("mount-scripts/cairn").toAbsolutePath();

  /** The common pool of a machine with two cores has one thread. */
  static final Executor OWN_THREAD = task -> {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    thread.start();
  };

  /**
   * Nobody would gain by being ready for more where nodes live for seconds. The thresholds are the
   * JVM's own, which the launcher lowers.
   */
  private static final String SHORT_LIVED = "-Dcairn.rehearsal=false"
      + " -XX:TieredStopAtLevel=1"
      + " -XX:Tier0InvokeNotifyFreqLog=7"
      + " -XX:Tier3InvocationThreshold=200"
      + " -XX:Tier3MinInvocationThreshold=100"
      + " -XX:Tier3CompileThreshold=2000 ";

  private static final int LIMIT_SECONDS = 120;
  private static final int LAST_WORDS_CHARS = 3000;

  /** What a command did. */
  record Result(int exitCode, byte[] bytes, String out, String err) {
    /** Fails unless it succeeded. */
    Result ok() {
      assertThat(exitCode).as("exit code; it said: %s%s", out, err).isZero();
      return this;
    }

    /**
     * Fails unless it failed with exit code 1 and a message that holds {@code parts}: a line of
     * what happened, and one of what to do.
     */
    Result failed(String... parts) {
      assertThat(err).contains(parts);
      assertThat(exitCode).as("exit code; it said: %s%s", out, err).isEqualTo(1);
      assertThat(err).startsWith("cairn: ").containsPattern("(?m)^cairn: .+\n  \\S");
      assertThat(out + err).doesNotContain("Exception", "\tat ");
      return this;
    }
  }

  private final Path home;
  private final String javaOptions;
  private final List<String> wrapper;

  CairnProcess(Path home) {
    this(home, "");
  }

  /** As the other, with more flags for every JVM. */
  CairnProcess(Path home, String javaOptions) {
    this(home, javaOptions, List.of());
  }

  /**
   * As the other, of a host that is not this one in some way.
   *
   * @param wrapper what goes before every command: nsenter and its options, or the like
   */
  CairnProcess(Path home, String javaOptions, List<String> wrapper) {
    this(SHORT_LIVED + javaOptions, home, wrapper);
  }

  private CairnProcess(String allJavaOptions, Path home, List<String> wrapper) {
    this.javaOptions = allJavaOptions;
    this.home = home;
    this.wrapper = List.copyOf(wrapper);
  }

  /** One that starts as people's do: those of the others are for nodes that live for seconds. */
  static CairnProcess asShipped(Path home) {
    return new CairnProcess("", home, List.of());
  }

  Path home() {
    return home;
  }

  /** Makes the volume and mounts it. */
  void foundAndMount(Path mount) throws IOException, InterruptedException {
    run("init").ok();
    run("mount", mount).ok();
  }

  /** Runs a command to its end. */
  Result run(Object... arguments) throws IOException, InterruptedException {
    return run(new byte[0], wrapper, arguments);
  }

  /** Runs a command with something to read on standard input. */
  Result feed(byte[] input, Object... arguments) throws IOException, InterruptedException {
    return run(input, wrapper, arguments);
  }

  /**
   * Runs a command in a mount namespace of its own, as the superuser can make one.
   *
   * @param setup a shell script that changes what is mounted
   */
  Result inNamespace(String setup, Object... arguments) throws IOException, InterruptedException {
    String script = "set -e; " + setup + "; exec \"$@\"";
    return run(new byte[0], List.of("unshare", "-m", "sh", "-c", script, "sh"), arguments);
  }

  private Result run(byte[] input, List<String> prefix, Object... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(prefix);
    command.add(LAUNCHER.toString());
    Arrays.stream(arguments).map(Object::toString).forEach(command::add);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("CAIRN_HOME", home.toString());
    builder.environment().put("CAIRN_JAVA_OPTS", javaOptions);
    Process process = builder.start();
    CompletableFuture<byte[]> out =
        CompletableFuture.supplyAsync(() -> readAll(process.getInputStream()), OWN_THREAD);
    CompletableFuture<byte[]> err =
        CompletableFuture.supplyAsync(() -> readAll(process.getErrorStream()), OWN_THREAD);
    try (OutputStream in = process.getOutputStream()) {
      in.write(input);
    } catch (IOException e) {
      // It ended without reading everything, which the exit code will tell of.
      assertThat(e).hasMessageContaining("pipe");
    }
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(
          command + " did not end; it said: " + new String(err.join(), StandardCharsets.UTF_8));
    }
    byte[] bytes = out.join();
    return new Result(
        process.exitValue(),
        bytes,
        new String(bytes, StandardCharsets.UTF_8),
        new String(err.join(), StandardCharsets.UTF_8));
  }

  private static byte[] readAll(InputStream from) {
    try (from) {
      return from.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The pid of the node that runs. */
  long pid() throws IOException {
    return Long.parseLong(Files.readString(home.resolve("cairn.pid")).strip());
  }

  /** What the node printed and logged last, whether it still runs or not. */
  String lastWords() throws IOException {
    StringBuilder words = new StringBuilder();
    for (String file : List.of("log/cairn.err", "log/cairn.log")) {
      Path path = home.resolve(file);
      String all = Files.exists(path) ? Files.readString(path) : "";
      words.append(all.substring(Math.max(0, all.length() - LAST_WORDS_CHARS)));
    }
    return words.toString();
  }

  /** Kills the node, as a crash would, and waits until it is gone. */
  void killNode() throws IOException, InterruptedException {
    ProcessHandle node = ProcessHandle.of(pid()).orElseThrow();
    node.destroyForcibly();
    assertThat(node.onExit()).succeedsWithin(Duration.ofSeconds(30));
  }

  /**
   * Everything in the home with its contents, but for what a start that fails may touch: its log,
   * the lock, and the file that names who has the lock.
   */
  Map<String, String> snapshot() throws IOException {
    Map<String, String> files = new TreeMap<>();
    if (!Files.exists(home)) {
      return files;
    }
    Files.walkFileTree(home, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
        files.put(home.relativize(directory) + "/", "");
        return directory.endsWith("log") ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
          throws IOException {
        if (!file.endsWith("lock")) {
          files.put(
              home.relativize(file).toString(),
              Arrays.hashCode(Files.readAllBytes(file)) + " " + attributes.size());
        }
        return FileVisitResult.CONTINUE;
      }
    });
    return files;
  }
}
