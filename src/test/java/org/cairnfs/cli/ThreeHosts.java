package org.cairnfs.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cairnfs.cli.Hosts.Host;

/** Nodes on three hosts of a network of their own, where things go wrong. */
final class ThreeHosts {
  static final int COUNT = 3;
  private static final int PORT = 7747;

  /** What a node of the third host needs for a test, and a little more. */
  private static final int THIRD_DISK_MIB = 700;

  private static final Pattern LEADER = Pattern.compile("\"leader\": \"([0-9a-f]{64})\"");

  private final Path directory;
  private final Lan lan;
  private final Hosts hosts;
  private final List<Host> list = new ArrayList<>();
  private final List<String> ids = new ArrayList<>();

  /** The third host has a disk of its own, in memory. */
  ThreeHosts(Path directory) throws IOException, InterruptedException {
    this.directory = directory;
    lan = new Lan(COUNT, 1);
    hosts = new Hosts(() -> directory);
    Path disk = Files.createDirectory(directory.resolve("home" + COUNT));
    sh("mount -t tmpfs -o size=" + THIRD_DISK_MIB + "m,mode=700 cairn-test " + disk);
  }

  /** Founds the cluster and has the other two join. */
  void start() throws IOException, InterruptedException {
    for (int number = 1; number <= COUNT; number++) {
      Host host = hosts.host(lan.address(number) + ":" + PORT, lan.wrapper(number));
      list.add(host);
      if (number == 1) {
        hosts.found(host);
      } else {
        hosts.join(host, list.get(0)).mounted();
      }
      ids.add(host.id());
    }
    awaitUp();
  }

  Lan lan() {
    return lan;
  }

  List<Host> all() {
    return List.copyOf(list);
  }

  /** A host's number in the network. */
  int number(Host host) {
    return list.indexOf(host) + 1;
  }

  /** All but one. */
  List<Host> others(Host host) {
    return list.stream().filter(each -> !each.equals(host)).toList();
  }

  /** The one that leads, as this host sees it. */
  Host leader(Host asked) {
    return await()
        .atMost(Hosts.LIMIT)
        .pollInterval(Duration.ofMillis(200))
        .until(
            () -> {
              Matcher leader = LEADER.matcher(asked.status());
              return leader.find() ? list.get(ids.indexOf(leader.group(1))) : null;
            },
            found -> found != null);
  }

  Host leader() {
    return leader(list.get(0));
  }

  /** Returns when each sees all and a change made on each is committed. */
  void awaitUp() throws IOException, InterruptedException {
    for (Host host : list) {
      host.awaitPeers("(?s)up.*up.*up");
      await().atMost(Hosts.LIMIT).pollInterval(Duration.ofMillis(200)).until(() -> commits(host));
    }
  }

  /** Whether a change can be made here. */
  static boolean commits(Host host) throws IOException, InterruptedException {
    Process process = host.begin("echo >probe-$$ && sync probe-$$ && rm probe-$$ && sync .");
    process.getInputStream().readAllBytes();
    assertThat(process.waitFor(2 * Hosts.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return process.exitValue() == 0;
  }

  /** Returns when no node knows of a copy that is missing. */
  void awaitWhole() {
    for (Host host : list) {
      await()
          .atMost(Hosts.LIMIT)
          .pollInterval(Duration.ofMillis(500))
          .untilAsserted(() -> host.assertWhole(COUNT));
    }
  }

  /** The same host in another way, for the commands that follow. */
  Host as(Host host, String... wrapper) {
    List<String> all = new ArrayList<>(lan.wrapper(number(host)));
    all.addAll(List.of(wrapper));
    return new Host(new CairnProcess(host.cairn().home(), "", all), host.mount(), host.listen());
  }

  static void signal(Host host, String name) throws IOException, InterruptedException {
    sh("kill -" + name + " " + host.cairn().pid());
  }

  static void sh(String script) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("bash", "-ec", script).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), US_ASCII);
    assertThat(process.waitFor(Hosts.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("%s said: %s", script, said).isZero();
  }

  /**
   * Copies what the nodes have logged and the clients were told, for whoever wants to know why a
   * test failed.
   */
  void keepLogs(Path to) throws IOException, InterruptedException {
    sh("rm -rf " + to + " && mkdir -p " + to + " && cd " + directory
        + " && for home in home?; do cp -r $home/log " + to.toAbsolutePath()
        + "/$home || true; done; cp calls " + to.toAbsolutePath() + " || true");
  }

  /** See {@link Hosts#lastWords}. */
  String lastWords() throws IOException {
    return hosts.lastWords();
  }

  /** Leaves nothing running or mounted, whatever state they are in. */
  void stop() throws IOException, InterruptedException {
    lan.heal();
    for (Host host : list) {
      sh("kill -CONT $(cat " + host.cairn().home() + "/cairn.pid) 2>/dev/null || true");
    }
    hosts.stop();
    for (Host host : list) {
      sh("mountpoint -q " + host.mount() + " && fusermount -u -z " + host.mount() + " || true");
    }
    sh("umount -l " + directory.resolve("home" + COUNT));
    lan.close();
  }
}
