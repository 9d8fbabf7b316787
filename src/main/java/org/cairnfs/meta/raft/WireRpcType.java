package org.cairnfs.meta.raft;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.ServerFactory;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;

/**
 * The way servers of a group talk to each other: over a {@link RaftWire}.
 *
 * <p>Ratis makes it by its class name, so class and constructor are public; the wire comes with the
 * server's parameters.
 */
public final class WireRpcType implements RpcType {
  private static final String WIRE = "cairn.raft.wire";

  /** For Ratis. */
  public WireRpcType() {}

  static Parameters parameters(RaftWire wire) {
    Parameters parameters = new Parameters();
    parameters.put(WIRE, wire, RaftWire.class);
    return parameters;
  }

  @Override
  public String name() {
    return WireRpcType.class.getName();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    return new Factory(parameters.getNonNull(WIRE, RaftWire.class));
  }

  private static final class Factory implements ServerFactory {
    private final RaftWire wire;

    Factory(RaftWire wire) {
      this.wire = wire;
    }

    @Override
    public RpcType getRpcType() {
      return new WireRpcType();
    }

    @Override
    public LogAppender newLogAppender(
        RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
      return new WireLogAppender(server, leader, follower);
    }

    @Override
    public RaftServerRpc newRaftServerRpc(RaftServer server) {
      return new WireServerRpc(server, wire);
    }
  }
}
