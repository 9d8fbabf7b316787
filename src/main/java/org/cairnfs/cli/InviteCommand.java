package org.cairnfs.cli;

import org.cairnfs.net.Role;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.Durations;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminInviteRequest;
import org.cairnfs.proto.AdminRole;
import org.cairnfs.proto.AdminToken;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes a token with which another host can join. */
@Command(
    name = "invite",
    description = {
      "Print a token, one line, with which another host joins this cluster: cairn join TOKEN.",
      "Whoever has it can join as long as it is good for, so pass it on as you would a password.",
      "A node that does not listen for others yet begins to, at port 7747."
    })
final class InviteCommand extends Subcommand {
  @Option(
      names = "--role",
      paramLabel = "ROLE",
      description =
          "What the new node becomes: member (default), which can mount the volume, or storage, which keeps blobs and holds no key.")
  private String role = "member";

  @Option(
      names = "--ttl",
      paramLabel = "TIME",
      description = "How long the token is good for: 90s, 15m, 1h (default), 7d.")
  private String ttl = "1h";

  @Option(
      names = "--uses",
      paramLabel = "N",
      description = "How many nodes may join with it; 1 by default.")
  private int uses = 1;

  @Override
  public Integer call() throws OperatorException {
    AdminRole wanted = NodeProfile.parseRole(RawArguments.text(role)) == Role.STORAGE
        ? AdminRole.ADMIN_ROLE_STORAGE
        : AdminRole.ADMIN_ROLE_MEMBER;
    AdminInviteRequest request = AdminInviteRequest.newBuilder()
        .setRole(wanted)
        .setTtlSeconds(Durations.parse(RawArguments.text(ttl)).toSeconds())
        .setUses(uses)
        .build();
    try (AdminClient client = AdminClient.connect(home())) {
      AdminToken token = client.invite(request);
      if (!token.getNotice().isEmpty()) {
        console().note(token.getNotice());
      }
      console().println(token.getToken());
    }
    return OK;
  }
}
