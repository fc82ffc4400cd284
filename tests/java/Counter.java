/*
 * Counter: sets how many children a node has ever had, in the data of a stopped
 * server.  The server names the next sequential child with this number.
 *
 * usage: java Counter DATADIR PATH N
 */
import java.io.File;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;

public class Counter {
	public static void main(String[] args) throws Exception {
		File dir = new File(args[0]);
		FileTxnSnapLog log = new FileTxnSnapLog(dir, dir);
		DataTree tree = new DataTree();
		Map<Long, Integer> sessions = new HashMap<>();

		log.restore(tree, sessions, (header, record, digest) -> { });
		tree.getNode(args[1]).stat.setCversion(
		    Integer.parseInt(args[2]));
		/* The new snapshot replaces the old one of the same zxid. */
		log.save(tree, new ConcurrentHashMap<>(sessions), true);
		log.close();
	}
}
