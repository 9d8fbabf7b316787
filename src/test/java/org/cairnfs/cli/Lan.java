package org.cairnfs.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A network of hosts numbered from 1, each in a network namespace with an address of its own, whose
 * links can be cut, slow, late and lossy. Only root can make one. For one thread.
 *
 * <p>The switch is a program beside this class, lan.py: tc's netem is not in every kernel.
 * Namespaces and devices end with the processes that hold them, and these with this one.
 */
final class Lan implements AutoCloseable {
  private static final String NEEDS =
      "root and /dev/net/tun, for network namespaces: run mount-scripts/test.sh as root";

  private static final String SUBNET = "10.66.0.";
  private static final int MTU_BYTES = 9000;

  private final int count;
  private final String prefix = "crn" + ProcessHandle.current().pid() % 1_000_000 + "n";
  private final List<Process> namespaces = new ArrayList<>();
  private final Process control;
  private final PrintWriter commands;
  private final BufferedReader answers;

  /** @param seed where the chance of losses begins */
  Lan(int count, long seed) throws IOException, InterruptedException {
    assertThat(Files.isWritable(Path.of("/dev/net/tun"))).as(NEEDS).isTrue();
    this.count = count;
    control = new ProcessBuilder(
            "python3",
            "src/test/resources/lan.py",
            prefix,
            Integer.toString(count),
            Long.toString(seed))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    commands = new PrintWriter(new OutputStreamWriter(control.getOutputStream(), US_ASCII), true);
    answers = new BufferedReader(new InputStreamReader(control.getInputStream(), US_ASCII));
    assertThat(answers.readLine()).isEqualTo("ready");
    for (int host = 1; host <= count; host++) {
      addHost(host);
    }
  }

  private void addHost(int host) throws IOException, InterruptedException {
    // It ends with its standard input, and nobody but its holders keeps the namespace.
    Process holder = new ProcessBuilder("unshare", "--net", "sh", "-c", "echo ready; exec cat")
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    namespaces.add(holder);
    assertThat(
            new BufferedReader(new InputStreamReader(holder.getInputStream(), US_ASCII)).readLine())
        .isEqualTo("ready");
    String device = prefix + host;
    sh("ip link set " + device + " netns " + holder.pid());
    inside(
        host,
        "ip link set lo up"
            + " && ip link set " + device + " address 02:00:00:00:00:0" + host + " mtu " + MTU_BYTES
            + " && ip address add " + address(host) + "/24 dev " + device
            + " && ip link set " + device + " up");
  }

  /** The host's address. */
  String address(int host) {
    return SUBNET + host;
  }

  /** What goes before a command that is to run on the host. */
  List<String> wrapper(int host) {
    return List.of("nsenter", "--net=/proc/" + namespaces.get(host - 1).pid() + "/ns/net");
  }

  /** Nothing passes between the two any more. */
  void cut(int one, int other) throws IOException {
    command("cut " + one + " " + other);
  }

  /** Nothing passes between the host and all others. */
  void isolate(int host) throws IOException {
    for (int other = 1; other <= count; other++) {
      if (other != host) {
        cut(host, other);
      }
    }
  }

  /**
   * Makes the way between the host and all others a bad one.
   *
   * @param delayMillis one way
   * @param lossPercent of the frames of {@value #MTU_BYTES} bytes at most
   */
  void impair(int host, int delayMillis, double lossPercent, int bytesPerSecond)
      throws IOException {
    for (int other = 1; other <= count; other++) {
      if (other != host) {
        link(host, other, delayMillis, lossPercent, bytesPerSecond);
      }
    }
  }

  /** All links are good ones again. */
  void heal() throws IOException {
    for (int one = 1; one <= count; one++) {
      for (int other = one + 1; other <= count; other++) {
        link(one, other, 0, 0, 0);
      }
    }
  }

  private void link(int one, int other, int delayMillis, double lossPercent, int bytesPerSecond)
      throws IOException {
    command(
        "link " + one + " " + other + " " + delayMillis + " " + lossPercent + " " + bytesPerSecond);
  }

  private void command(String command) throws IOException {
    commands.println(command);
    assertThat(answers.readLine()).isEqualTo("ok");
  }

  private String inside(int host, String script) throws IOException, InterruptedException {
    return sh(String.join(" ", wrapper(host)) + " sh -c '" + script.replace("'", "'\\''") + "'");
  }

  private static String sh(String script) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("sh", "-c", script).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), US_ASCII);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("%s said: %s", script, said).isZero();
    return said;
  }

  @Override
  public void close() throws IOException {
    commands.close();
    for (Process holder : namespaces) {
      holder.getOutputStream().close();
    }
  }
}
