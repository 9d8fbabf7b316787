package org.cairnfs.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.cairnfs.core.PosixException;
import org.cairnfs.node.admin.AdminConnection;
import org.cairnfs.node.admin.AdminHandler;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminDone;
import org.cairnfs.proto.AdminMountRequest;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminResponse;
import org.cairnfs.proto.AdminUnmountRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out the commands that come over the admin socket. Thread-safe. */
final class AdminCommands implements AdminHandler {
  private static final Logger LOG = LoggerFactory.getLogger(AdminCommands.class);

  private final Node node;
  private final Shutdown shutdown;

  AdminCommands(Node node, Shutdown shutdown) {
    this.node = node;
    this.shutdown = shutdown;
  }

  @Override
  public AdminResponse handle(AdminRequest request, AdminConnection connection)
      throws IOException, OperatorException {
    return switch (request.getCommandCase()) {
      case STATUS -> AdminResponse.newBuilder().setStatus(node.status()).build();
      case STOP -> stop();
      case MOUNT -> mount(request.getMount());
      case UNMOUNT -> unmount(request.getUnmount());
      case PUT -> {
        VolumeTransfers transfers = node.volume("store files").transfers();
        byte[] path = request.getPut().getPath().toByteArray();
        yield volume("put", path, () -> transfers.put(request.getPut(), connection));
      }
      case GET -> {
        VolumeTransfers transfers = node.volume("read files").transfers();
        byte[] path = request.getGet().getPath().toByteArray();
        yield volume("get", path, () -> transfers.get(path, connection));
      }
      case LIST -> {
        VolumeListing listing = node.volume("list files").listing();
        byte[] path = request.getList().getPath().toByteArray();
        yield volume("list", path, () -> listing.list(path, connection));
      }
      case REMOVE -> {
        VolumeTransfers transfers = node.volume("remove files").transfers();
        byte[] path = request.getRemove().getPath().toByteArray();
        boolean recursive = request.getRemove().getRecursive();
        yield volume("remove", path, () -> transfers.remove(path, recursive));
      }
      case INVITE ->
        AdminResponse.newBuilder()
            .setToken(node.cluster().invite(request.getInvite()))
            .build();
      case PEERS -> AdminResponse.newBuilder().setPeers(node.cluster().peers()).build();
      case NODE -> done(node.cluster().change(request.getNode()));
      case VOLUME ->
        AdminResponse.newBuilder()
            .setReplication(node.cluster().replication(request.getVolume()))
            .build();
      case COMMAND_NOT_SET ->
        throw new OperatorException(
            "the node does not know this command",
            "Stop the node with the Cairn it was started with, and start it with the new one.");
    };
  }

  private AdminResponse stop() {
    LOG.info("stopping, as commanded");
    shutdown.run();
    return done(AdminDone.newBuilder().setNotice(shutdown.notice()).setLoss(shutdown.loss()));
  }

  private AdminResponse mount(AdminMountRequest request) throws OperatorException {
    node.volume("mount the volume")
        .mounts()
        .mount(new MountRequest(Path.of(request.getDirectory()), request.getOptionsList()));
    return done("");
  }

  private AdminResponse unmount(AdminUnmountRequest request) throws OperatorException {
    boolean stale = node.volume("mount or unmount the volume")
        .mounts()
        .unmount(Path.of(request.getDirectory()), request.getForce());
    return done(stale ? "detached what a node that died had left there" : "");
  }

  /** Something done to the tree. */
  private interface VolumeAction {
    void run() throws IOException, OperatorException;
  }

  private AdminResponse volume(String verb, byte[] path, VolumeAction action)
      throws IOException, OperatorException {
    try {
      action.run();
      return done("");
    } catch (PosixException e) {
      // Names may be anything; what is not UTF-8 is shown as a replacement character.
      String name = new String(path, StandardCharsets.UTF_8);
      throw PosixFailures.explain("cannot " + verb + " " + name, e);
    }
  }

  private static AdminResponse done(String notice) {
    return done(AdminDone.newBuilder().setNotice(notice));
  }

  private static AdminResponse done(AdminDone.Builder done) {
    return AdminResponse.newBuilder()
        .setDone(done.setPid(ProcessHandle.current().pid()))
        .build();
  }
}
