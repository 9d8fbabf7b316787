package org.cairnfs.cli;

import org.cairnfs.node.Founding;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Makes a cluster of one node, its volume and its home. */
@Command(
    name = "init",
    description = {
      "Make a new cluster with one node, and a new empty volume.",
      "Without a passphrase the volume is opened by a key file in the home, volume.key."
    })
final class InitCommand extends Subcommand {
  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Where other nodes will reach this one.")
  private @Nullable String listen;

  @Mixin
  private PassphraseOptions passphraseOptions = new PassphraseOptions();

  @Override
  public Integer call() throws OperatorException {
    Home home = home();
    @Nullable
    ListenAddress address = listen == null ? null : ListenAddress.parse(RawArguments.text(listen));
    Founding founding = Founding.prepare(home, address);
    try (@Nullable Passphrase passphrase = passphraseOptions.read(console(), true)) {
      founding.carryOut(passphrase);
    }
    console().println("Made a new cluster and volume in " + home + ".");
    if (passphraseOptions.given()) {
      console().println("Remember the passphrase: without it nobody can read the volume, ever.");
    } else {
      console()
          .println(
              "Back up " + home.volumeKey() + ": without it nobody can read the volume, ever.");
    }
    console().println("Next: cairn mount DIR");
    return OK;
  }
}
