package org.cairnfs.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Nodes in processes of their own, each with its address, its home and its mount. As an extension
 * of a test it stops them afterwards, and tells what they logged last when the test failed.
 */
final class Hosts implements AfterEachCallback, TestExecutionExceptionHandler {
  static final Duration LIMIT = Duration.ofSeconds(60);

  private static final int ID_CHARS = 64;

  /** Last number of the first host's address, and of where it would move. */
  private static final int FIRST = 11;

  private static final int MOVED = 111;

  private final Supplier<Path> directory;
  private final String javaOptions;
  private final List<Host> hosts = new ArrayList<>();

  /** A node and its mount. */
  record Host(CairnProcess cairn, Path mount, String listen) {
    String id() throws IOException, InterruptedException {
      return status().replaceAll("(?s).*\"nodeId\": \"([0-9a-f]{64})\".*", "$1");
    }

    String status() throws IOException, InterruptedException {
      return cairn.run("status", "--json").ok().out();
    }

    /** A number in the status. */
    long status(String key) throws IOException, InterruptedException {
      String json = status();
      Matcher found = Pattern.compile("\"" + key + "\": (\\d+)").matcher(json);
      assertThat(found.find()).as("%s in %s", key, json).isTrue();
      return Long.parseLong(found.group(1));
    }

    /** The nodes of which the list of peers says so, by their ids. */
    List<String> peersThat(String property) throws IOException, InterruptedException {
      String json = cairn.run("peers", "--json").ok().out();
      return Arrays.stream(json.split("\"id\": \""))
          .skip(1)
          .filter(node -> node.contains(property))
          .map(node -> node.substring(0, ID_CHARS))
          .toList();
    }

    String peers() throws IOException, InterruptedException {
      return cairn.run("peers").ok().out();
    }

    void awaitPeers(String pattern) {
      polling().untilAsserted(() -> assertThat(peers()).containsPattern(pattern));
    }

    /** Fails if the node knows of a copy that is missing, or of another number of nodes alive. */
    void assertWhole(int liveNodes) throws IOException, InterruptedException {
      assertThat(status())
          .contains(
              "\"underReplicatedBlobs\": 0",
              "\"missingBlobs\": 0",
              "\"unavailableBlobs\": 0",
              "\"damagedBlobs\": 0",
              "\"liveNodes\": " + liveNodes);
    }

    void mounted() throws IOException, InterruptedException {
      cairn.run("mount", mount).ok();
    }

    /** The most memory that the node has taken. */
    long residentMaxBytes() throws IOException {
      String status = Files.readString(Path.of("/proc", Long.toString(cairn.pid()), "status"));
      return Long.parseLong(status.replaceAll("(?s).*VmHWM:\\s*(\\d+) kB.*", "$1")) << 10;
    }

    /** Runs a script in the mount; fails unless it ends well in time. */
    String sh(String script) throws IOException, InterruptedException {
      return awaitEnd(begin(script), script);
    }

    /** Begins to run a script in the mount. */
    Process begin(String script) throws IOException {
      return new ProcessBuilder("bash", "-ec", script)
          .directory(mount.toFile())
          .redirectErrorStream(true)
          .start();
    }

    static String awaitEnd(Process process, String what) throws IOException, InterruptedException {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(2 * LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as("%s said: %s", what, said).isZero();
      return said;
    }
  }

  /** Asks at once, and again: each time is a command of its own. */
  static ConditionFactory polling() {
    return await().atMost(LIMIT).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(300));
  }

  /** @param directory for homes and mounts, asked for when there is a first host */
  Hosts(Supplier<Path> directory) {
    this(directory, "");
  }

  /** @param javaOptions more flags for every JVM */
  Hosts(Supplier<Path> directory, String javaOptions) {
    this.directory = directory;
    this.javaOptions = javaOptions;
  }

  /** A host without a node, with an address on this machine's loopback. */
  Host host() throws IOException {
    return host(List.of());
  }

  /** As the other, with a wrapper as for {@link CairnProcess}. */
  Host host(List<String> wrapper) throws IOException {
    return host(freeAddress(FIRST + hosts.size()), wrapper);
  }

  private static String freeAddress(int number) throws IOException {
    String address = "127.0.0." + number;
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(address))) {
      return address + ":" + probe.getLocalPort();
    }
  }

  /** The same host with another address; its node, which does not run, is told. */
  Host moved(Host host) throws IOException {
    Host moved = new Host(host.cairn(), host.mount(), freeAddress(MOVED + hosts.indexOf(host)));
    hosts.set(hosts.indexOf(host), moved);
    Path config = host.cairn().home().resolve("cairn.properties");
    Files.writeString(
        config,
        Files.readString(config).replace("listen=" + host.listen(), "listen=" + moved.listen()));
    return moved;
  }

  /**
   * A host without a node.
   *
   * @param wrapper as for {@link CairnProcess}
   */
  Host host(String listen, List<String> wrapper) throws IOException {
    int number = hosts.size() + 1;
    Path mount = Files.createDirectory(directory.get().resolve("mount" + number));
    Path home = directory.get().resolve("home" + number);
    Host host = new Host(new CairnProcess(home, javaOptions, wrapper), mount, listen);
    hosts.add(host);
    return host;
  }

  Host found() throws IOException, InterruptedException {
    return found(host());
  }

  Host found(Host host) throws IOException, InterruptedException {
    host.cairn().run("init", "--listen", host.listen()).ok();
    host.mounted();
    return host;
  }

  Host join(Host inviter, Object... options) throws IOException, InterruptedException {
    return join(host(), inviter, options);
  }

  Host join(Host host, Host inviter, Object... options) throws IOException, InterruptedException {
    byte[] token = invite(inviter).getBytes(US_ASCII);
    List<Object> command = new ArrayList<>(List.of("join", "-", "--listen", host.listen()));
    command.addAll(List.of(options));
    host.cairn().feed(token, command.toArray()).ok();
    return host;
  }

  static String invite(Host inviter, Object... options) throws IOException, InterruptedException {
    List<Object> command = new ArrayList<>(List.of("invite"));
    command.addAll(List.of(options));
    String token = inviter.cairn().run(command.toArray()).ok().out().strip();
    assertThat(token).startsWith("cairn1").doesNotContain("\n");
    return token;
  }

  /** Adds lines to the configuration of a host whose node does not run. */
  static void configure(Host host, String lines) throws IOException {
    Files.writeString(
        host.cairn().home().resolve("cairn.properties"), lines, StandardOpenOption.APPEND);
  }

  Host joinAndMount(Host inviter) throws IOException, InterruptedException {
    Host host = join(inviter);
    host.mounted();
    return host;
  }

  /** Makes files in directories; the same for the same seed. */
  static void makeTree(Path root, int files, long seed) throws IOException {
    Random random = new Random(seed);
    Files.createDirectory(root);
    for (int i = 0; i < files; i++) {
      Path parent = Files.createDirectories(root.resolve("d" + i % 10).resolve("e" + i % 7));
      byte[] content = new byte[i % (files / 10) == 0 ? 300_000 : random.nextInt(5_000)];
      random.nextBytes(content);
      Files.write(parent.resolve("file " + i), content);
    }
  }

  static void assertSame(Path expected, Path actual) throws IOException, InterruptedException {
    Process diff = new ProcessBuilder("diff", "-r", expected.toString(), actual.toString())
        .redirectErrorStream(true)
        .start();
    byte[] output = diff.getInputStream().readAllBytes();
    assertThat(diff.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(new String(output, StandardCharsets.UTF_8)).isEmpty();
  }

  /** Stops all nodes that run, whichever of them can be stopped. */
  void stop() throws IOException, InterruptedException {
    for (Host host : hosts) {
      if (Files.exists(host.cairn().home().resolve("cairn.sock"))) {
        host.cairn().run("stop");
      }
    }
    hosts.clear();
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException, InterruptedException {
    stop();
  }

  /** The homes go with the test. */
  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws IOException {
    throw new AssertionError(failure + lastWords(), failure);
  }

  /** What the nodes printed and logged last. */
  String lastWords() throws IOException {
    StringBuilder words = new StringBuilder();
    for (Host host : hosts) {
      words.append('\n').append(host.mount()).append(" logged last:\n");
      words.append(host.cairn().lastWords());
    }
    return words.toString();
  }
}
