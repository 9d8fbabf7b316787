package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes in processes of their own, each with an address of its own on this host. */
final class ClusterIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int FILES = 200;

  private @TempDir Path directory;
  private final List<Host> hosts = new ArrayList<>();

  /** A node and its mount. */
  private record Host(CairnProcess cairn, Path mount, String listen) {
    String id() throws IOException, InterruptedException {
      String status = cairn.run("status", "--json").ok().out();
      return status.replaceAll("(?s).*\"nodeId\": \"([0-9a-f]{64})\".*", "$1");
    }
  }

  @AfterEach
  void stop() throws Exception {
    for (Host host : hosts) {
      if (Files.exists(host.cairn().home().resolve("cairn.sock"))) {
        host.cairn().run("stop");
      }
    }
  }

  private Host host() throws IOException {
    int number = hosts.size() + 1;
    String address = "127.0.0." + (10 + number);
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(address))) {
      Path mount = Files.createDirectory(directory.resolve("mount" + number));
      Host host = new Host(
          new CairnProcess(directory.resolve("home" + number)),
          mount,
          address + ":" + probe.getLocalPort());
      hosts.add(host);
      return host;
    }
  }

  private Host found() throws Exception {
    Host host = host();
    host.cairn().run("init", "--listen", host.listen()).ok();
    host.cairn().run("mount", host.mount()).ok();
    return host;
  }

  private Host join(Host inviter, Object... options) throws Exception {
    String token = invite(inviter);
    Host host = host();
    List<Object> command = new ArrayList<>(List.of("join", "-", "--listen", host.listen()));
    command.addAll(List.of(options));
    host.cairn()
        .feed(token.getBytes(StandardCharsets.US_ASCII), command.toArray())
        .ok();
    return host;
  }

  private static String invite(Host inviter, Object... options) throws Exception {
    List<Object> command = new ArrayList<>(List.of("invite"));
    command.addAll(List.of(options));
    String token = inviter.cairn().run(command.toArray()).ok().out().strip();
    assertThat(token).startsWith("cairn1").doesNotContain("\n");
    return token;
  }

  private Host joinAndMount(Host inviter) throws Exception {
    Host host = join(inviter);
    host.cairn().run("mount", host.mount()).ok();
    return host;
  }

  private static void makeTree(Path root, long seed) throws IOException {
    Random random = new Random(seed);
    Files.createDirectory(root);
    for (int i = 0; i < FILES; i++) {
      Path parent = Files.createDirectories(root.resolve("d" + i % 10).resolve("e" + i % 7));
      byte[] content = new byte[i % 20 == 0 ? 300_000 : random.nextInt(5_000)];
      random.nextBytes(content);
      Files.write(parent.resolve("file " + i), content);
    }
  }

  private static void assertSame(Path expected, Path actual) throws Exception {
    Process diff = new ProcessBuilder("diff", "-r", expected.toString(), actual.toString())
        .redirectErrorStream(true)
        .start();
    byte[] output = diff.getInputStream().readAllBytes();
    assertThat(diff.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(new String(output, StandardCharsets.UTF_8)).isEmpty();
  }

  private static String peers(Host host) throws Exception {
    return host.cairn().run("peers").ok().out();
  }

  private static void awaitPeers(Host host, String pattern) {
    await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(500))
        .untilAsserted(() -> assertThat(peers(host)).containsPattern(pattern));
  }

  @Test
  void oneTreeOnThreeHostsWhateverHappensToOne() throws Exception {
    Host one = found();
    Host two = joinAndMount(one);
    Host three = joinAndMount(two);
    assertThat(Files.readString(three.cairn().home().resolve("cairn.properties")))
        .contains("bootstrap=" + two.listen() + "," + one.listen());
    assertThat(peers(three)).contains(one.listen(), two.listen(), three.listen());

    Path original = directory.resolve("original");
    makeTree(original, 1);
    makeTree(one.mount().resolve("tree"), 1);
    assertSame(original, three.mount().resolve("tree"));

    // Close-to-open, both ways.
    Files.writeString(two.mount().resolve("note"), "from two");
    assertThat(three.mount().resolve("note")).hasContent("from two");
    Files.writeString(three.mount().resolve("note"), "from three");
    assertThat(two.mount().resolve("note")).hasContent("from three");

    one.cairn().killNode();
    assertSame(original, two.mount().resolve("tree"));
    makeTree(two.mount().resolve("second"), 2);
    Path second = directory.resolve("second");
    makeTree(second, 2);
    assertSame(second, three.mount().resolve("second"));
    awaitPeers(three, "down");

    one.cairn().run("mount", one.mount()).ok();
    assertSame(second, one.mount().resolve("second"));
    awaitPeers(one, "(?s)up.*up.*up");

    for (Host host : List.of(two, three)) {
      host.cairn().run("stop").ok();
      host.cairn().run("mount", host.mount()).ok();
      assertSame(original, host.mount().resolve("tree"));
    }
  }

  @Test
  void aNodeIsDrainedAndRemoved() throws Exception {
    Host one = found();
    Host two = joinAndMount(one);
    Files.write(two.mount().resolve("file"), new byte[3_000_000]);
    String id = two.id();
    one.cairn().run("node", "drain", id.substring(0, 8)).ok();
    assertThat(peers(one)).contains("drained");
    one.cairn().run("node", "remove", id.substring(0, 8)).ok();
    assertThat(peers(one)).doesNotContain(id.substring(0, 12));
    assertThat(one.mount().resolve("file")).hasBinaryContent(new byte[3_000_000]);
    // It hears of it, stops, and is not let in again.
    await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(500))
        .untilAsserted(() -> two.cairn().run("start").failed("removed from its cluster"));
    one.cairn().run("node", "remove", "0000000").failed("no node of the cluster");
  }

  @Test
  void aStorageNodeLearnsNothing() throws Exception {
    Host one = found();
    String token = invite(one, "--role", "storage", "--ttl", "5m");
    Host store = host();
    store
        .cairn()
        .run("join", token, "--listen", store.listen(), "--label", "zone=attic")
        .ok();
    assertThat(peers(one)).containsPattern("storage +up").contains("attic");

    String secret = "the treasure is buried under the old oak tree ";
    String name = "a-name-that-nobody-else-has.txt";
    Files.writeString(one.mount().resolve(name), secret.repeat(1000));
    one.cairn().run("put", "other-" + name, one.mount().resolve(name)).ok();
    await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(500))
        .untilAsserted(
            () -> assertThat(store.cairn().run("status", "--json").ok().out())
                .containsPattern("\"blobs\": [1-9]"));

    for (Object[] command : new Object[][] {
      {"mount", store.mount()},
      {"ls"},
      {"get", name},
      {"put", "x", directory.resolve("home1/lock")},
      {"rm", name},
      {"passwd"}
    }) {
      store.cairn().run(command).failed("this is a storage node", "member");
    }
    String key = Files.readString(one.cairn().home().resolve("volume.key"))
        .lines()
        .toList()
        .get(1);
    Path dump = directory.resolve("heap.hprof");
    Process jcmd = new ProcessBuilder(
            javaTool("jcmd"), Long.toString(store.cairn().pid()), "GC.heap_dump", dump.toString())
        .redirectErrorStream(true)
        .start();
    byte[] said = jcmd.getInputStream().readAllBytes();
    assertThat(dump).as(new String(said, StandardCharsets.UTF_8)).exists();
    List<byte[]> forbidden =
        List.of(ascii(secret), ascii(name), ascii(key), HexFormat.of().parseHex(key));
    assertHoldsNone(dump, forbidden);
    try (Stream<Path> files = Files.walk(store.cairn().home())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertHoldsNone(file, forbidden);
      }
    }
    assertThat(store.cairn().home().resolve("volume.key")).doesNotExist();
    assertThat(store.cairn().home().resolve("volume.slots")).doesNotExist();
  }

  private static String javaTool(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void assertHoldsNone(Path file, List<byte[]> forbidden) throws IOException {
    String content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    for (byte[] bytes : forbidden) {
      String part = new String(bytes, StandardCharsets.ISO_8859_1);
      assertThat(content.contains(part)).as("%s holds what it must not", file).isFalse();
    }
  }

  /** What people get wrong, as they see it. */
  @Test
  void badTokensAndPlaces() throws Exception {
    Host one = found();
    String token = invite(one, "--ttl", "1s");
    Host two = host();
    Path home = two.cairn().home();
    two.cairn().run("join", "nonsense", "--listen", two.listen()).failed("not a token of Cairn");
    two.cairn()
        .run("join", token.substring(0, token.length() - 3), "--listen", two.listen())
        .failed("the token is damaged");
    two.cairn().run("join", token, "--listen", one.listen()).failed("is in use by another program");
    TimeUnit.SECONDS.sleep(1);
    two.cairn().run("join", token, "--listen", two.listen()).failed("the invitation has expired");
    assertThat(home).doesNotExist();
    assertThat(one.cairn().run("invite", "--ttl", "soon").exitCode()).isEqualTo(2);
    assertThat(one.cairn().run("invite", "--role", "king").exitCode()).isEqualTo(2);
    assertThat(one.cairn().run("join", token, "--capacity", "much").exitCode()).isEqualTo(2);
    one.cairn().run("join", token).failed("there is a node in");

    String good = invite(one);
    one.cairn().run("stop").ok();
    two.cairn()
        .run("join", good, "--listen", two.listen())
        .failed("none of the token's nodes could be asked", one.listen(), "connection refused");
    assertThat(home).doesNotExist();
  }

  /** A cluster of one has no port; the first invitation gives it one. */
  @Test
  void aNodeThatDidNotListenDoesFromItsFirstInvitationOn() throws Exception {
    Host one = host();
    one.cairn().foundAndMount(one.mount());
    assertThat(one.cairn().run("status", "--json").ok().out()).contains("\"listen\": \"\"");
    CairnProcess.Result invitation = one.cairn().run("invite").ok();
    assertThat(invitation.err()).contains("listens for others from now on, at 0.0.0.0:7747");
    assertThat(Files.readString(one.cairn().home().resolve("cairn.properties")))
        .contains("listen=0.0.0.0:7747");
    Host two = host();
    two.cairn().run("join", invitation.out().strip(), "--listen", two.listen()).ok();
    Files.writeString(one.mount().resolve("file"), "content");
    assertThat(two.cairn().run("get", "file").ok().out()).isEqualTo("content");
  }
}
