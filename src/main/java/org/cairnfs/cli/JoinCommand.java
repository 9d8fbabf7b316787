package org.cairnfs.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.cairnfs.net.Role;
import org.cairnfs.node.Joining;
import org.cairnfs.node.NodeLogging;
import org.cairnfs.node.cluster.Cluster;
import org.cairnfs.node.cluster.Token;
import org.cairnfs.node.home.ByteCount;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a node that belongs to a cluster there is, and starts it. */
@Command(
    name = "join",
    description = {
      "Join the cluster that TOKEN invites to (see cairn invite), and start the node.",
      "Makes a new home; a member can mount the volume afterwards."
    })
final class JoinCommand extends Subcommand {
  private static final int TOKEN_MAX_BYTES = 16 << 10;
  private static final String ZONE = "zone=";

  @Parameters(
      paramLabel = "TOKEN",
      description = "The line that cairn invite printed; - reads it from standard input.")
  private String token = "";

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description =
          "Where the other nodes reach this one; by default at port 7747 of all its addresses.")
  private @Nullable String listen;

  @Option(
      names = "--label",
      paramLabel = "zone=NAME",
      description =
          "What fails together with this node, as a rack or a room: copies of a blob go to different zones first.")
  private @Nullable String label;

  @Option(
      names = "--capacity",
      paramLabel = "BYTES",
      description =
          "What this node offers for blobs, for example 500GiB; by default the size of its disk.")
  private @Nullable String capacity;

  @Mixin
  private PassphraseOptions passphraseOptions = new PassphraseOptions();

  @Override
  public Integer call() throws OperatorException {
    Home home = home();
    ListenAddress address =
        listen == null ? Cluster.DEFAULT_LISTEN : ListenAddress.parse(RawArguments.text(listen));
    String zone = zone();
    OptionalLong bytes = capacity == null
        ? OptionalLong.empty()
        : OptionalLong.of(ByteCount.parse(RawArguments.text(capacity)));
    Role role;
    try (Token parsed = Token.parse(tokenText())) {
      role = parsed.role();
      NodeLogging.silence();
      Joining joining = Joining.prepare(home, address);
      String notice = joining.carryOut(parsed, new NodeProfile(role, zone, bytes));
      if (!notice.isEmpty()) {
        console().note(notice);
      }
      console().println("Joined cluster " + parsed.cluster() + "; the home is " + home + ".");
    }
    console().flush();
    long pid = start();
    console().println("The node is running (pid " + pid + ").");
    if (role == Role.MEMBER) {
      console().println("Next: cairn mount DIR");
    }
    return OK;
  }

  private long start() throws OperatorException {
    try {
      return NodeProcess.start(cairn(), passphraseOptions, null);
    } catch (OperatorException e) {
      throw new OperatorException(
          "the node has joined, but it did not start: " + e.getMessage(),
          e.remedy() + " Then start it with `cairn start`.",
          e.exitCode());
    }
  }

  private String zone() throws OperatorException {
    String text = label == null ? ZONE : RawArguments.text(label);
    if (!text.startsWith(ZONE)) {
      throw new OperatorException(
          "\"" + text + "\" is not a label that is known",
          "The one there is says what fails together: --label zone=NAME.",
          OperatorException.USAGE);
    }
    return NodeProfile.parseZone(text.substring(ZONE.length()));
  }

  private String tokenText() throws OperatorException {
    if (!token.equals("-")) {
      return RawArguments.text(token);
    }
    try {
      return new String(console().in().readNBytes(TOKEN_MAX_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read the token from standard input", e);
    }
  }
}
