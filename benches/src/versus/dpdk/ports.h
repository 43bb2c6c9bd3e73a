/*
 * The ports that the program was given, and their queues as lanes.
 */
#ifndef PORTS_H
#define PORTS_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

/* Packets that one call is asked for at most. */
#define MAX_BURST 512
/* Queue pairs of a VF at most. */
#define MAX_QUEUES 4

/* What the arguments ask for. */
struct config {
	const char *path;   /* vector, scalar or full */
	uint16_t ports;     /* VFs */
	uint16_t ring;	    /* descriptors of each ring */
	uint16_t queues;    /* queue pairs of each port */
	uint16_t max_frame; /* bytes of the largest frame, with FCS */
	bool offloads;	    /* check checksums and strip VLAN tags of what comes */
};

/* A queue pair of a port, and the packets that its lcore has in hand. */
struct lane {
	alignas(RTE_CACHE_LINE_SIZE) uint16_t port;
	uint16_t queue;
	uint16_t frame;		   /* bytes of the largest frame, without FCS */
	struct rte_ether_addr mac; /* of the port */
	uint16_t count;		   /* packets in hand */
	uint16_t sent;		   /* of these, taken by the driver to be sent */
	uint16_t moved;		   /* packets of the last window */
	uint64_t received_total;   /* since the books were opened */
	uint64_t sent_total;
	struct rte_mbuf *packets[MAX_BURST];
};

extern struct lane lanes[RTE_MAX_ETHPORTS * MAX_QUEUES];
extern unsigned int lane_count;
/* Where all packets are from. Each lcore has a cache of its own in it. */
extern struct rte_mempool *pool;

/*
 * Configures and starts all ports, and makes lanes of their queues. Returns the names of the
 * driver's burst functions. It does not return if these are not those of the path.
 */
const char *start_ports(const struct config *config);

/* Lanes of each port. */
unsigned int lanes_of_port(void);

/* Descriptors of each ring. */
uint16_t ring_length(void);

/* Takes packets in hand: UDP datagrams of the largest size, to nobody. Headers are written. */
void make_packets(struct lane *lane, uint16_t burst);

/* Frees those in hand, and returns how many there were. */
uint16_t free_packets(struct lane *lane);

/* Frees those in hand that were not sent. */
void drop_rest(struct lane *lane);

/* Stops and closes the ports. */
void close_ports(void);

/* Tells the parent why there is no answer, and ends the program. */
__rte_noreturn __rte_format_printf(1, 2) void failed(const char *format, ...);

#endif
