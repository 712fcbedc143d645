#!/usr/bin/env python3
"""Makes route_words_table.c: how usual each three letters in a row are in words. Run by hand when its input changes:

    collector/span/route_words.py /usr/share/dict/american-english > collector/span/route_words_table.c

Input: a word list, one a line (Debian's wamerican 2020.12.07), and the terms below, which stand in paths but in no
dictionary. Only the figures enter the table, no word does.
"""
import collections
import math
import re
import sys

TERMS = """
admin ajax alertmanager analytics apis apikey appconfig appengine async atom auth authn authz autocomplete autoscaling
avatars backend backends blob blobs blockchain bootstrap browserify bytecode cdn cgroup changelog charset checkout
chunk chunks ci classpath cli cloudfront cluster clusters cms codec codecs config configmap configmaps configs cookie
cookies cors cron cronjobs crud csrf css csv daemonset daemonsets dashboards dataset datasets datasource datasources
datastore dataverse debug decrypt deeplink dependabot deployments dns docs dropdown ecommerce email emails embeddings
encodings encrypt endpoint endpoints enum env etag favicon featureflags fetch filesystem firebase firmware fonts
framework frontend geocode geojson github gitlab glossary grafana graphql grpc gzip hash healthcheck healthz hooks
hostname hostnames href html http https iframe impersonation img index ingest ingress ingresses init inline instances
introspect invalidation invoices ip ipam issuetype javascript jenkins jobs jquery json jsonrpc jvm jwks jwt kafka
kubernetes lambda latency ldap limits livez liveness locale locales localhost lockfile login logins logout logs lookup
lookups mailbox manifest manifests markdown memcached memberships metadata metrics microservice middleware mime mixin
mobile moderation mongodb multipart mutex mysql namespace namespaces nginx nodejs npm nuxt oauth odata oidc openapi
openid opensearch orgs pagination param params parquet passkeys passwordless pathname payload payloads paypal pdf php
playlists plugin plugins phpmyadmin podcast pods polyfill polyfills popup postgres postgresql pprof preferences
prefetch presign presigned preview previews prod prometheus protobuf proxies proxy pubsub pulumi python querystring
quickstart quota quotas ratelimit readme readyz readiness realtime rebase recaptcha redis redirect redirects refetch
referrer regex registry reindex releases replica replicas replicasets repo repos repository reset resize resolver rest
resync retries retry robots rollup roadmap rollback rollout rollouts rpc rss runtime saml sandbox scan scanning schema
schemas scim scoreboard screenshot sdk sdks search secrets segments serverless serviceworker session sessions sftp
shipment shortlink signin signout signup sitemap sitemaps sku skus slack smtp snapshot snapshots snippet snippets soap
socket sockjs sortby splash spreadsheet sql src sso ssh startup statefulset statefulsets static stats status stdout
storefront stripe stylesheet submenu submodule subnet subnets subscribe subscription subscriptions sudo superuser svg
swagger sync sysadmin syslog tabs tags tarball telemetry tenant tenants terraform thumbnail thumbnails timeline
timeout timeouts timeseries timestamp timestamps timezone tls todo todos token tokens tooltip topics totp traceroute
trackers trailers trpc txt typescript unsubscribe upload uploads uploader upsert uptime uri url urls userinfo username
usernames users utils uuid validator validators variants vendor vendors viewport vpc vpn wallet wallets wasm webauthn
webapp webdav webhook webhooks webmanifest webpack websocket websockets whitelist whoami widget widgets wiki wikis
wishlist wishlists wms woff wordpress workspace workspaces workflow workflows xhr xml xmlrpc yaml zip
"""
TERM_WEIGHT = 3
LETTERS = "`abcdefghijklmnopqrstuvwxyz"  # ` stands for the ends of a word
BITS = (-4.5, -7.0, -9.5)  # log2 of the third letter's probability after two: usual, fair, rare; below: next to never
BYTES_IN_LINE = 19


def levels(words):
    triples, pairs = collections.Counter(), collections.Counter()
    for word, weight in words:
        text = "``" + word + "`"
        for i in range(len(text) - 2):
            triples[text[i : i + 3]] += weight
            pairs[text[i : i + 2]] += weight
    smooth = 0.05
    for a in LETTERS:
        for b in LETTERS:
            for c in LETTERS:
                chance = (triples[a + b + c] + smooth) / (pairs[a + b] + smooth * len(LETTERS))
                yield sum(math.log2(chance) < bound for bound in BITS)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        listed = {line.strip().lower() for line in file}
    words = [(word, 1) for word in sorted(listed) if re.fullmatch("[a-z]{3,}", word)]
    words += [(word, TERM_WEIGHT) for word in TERMS.split()]
    table = bytearray((len(LETTERS) ** 3 + 3) // 4)
    for i, level in enumerate(levels(words)):
        table[i // 4] |= level << (i % 4 * 2)
    print("// Made by route_words.py: two bits for each three letters in a row, see route_words.h. Do not edit.")
    print('#include "collector/span/route_words.h"\n')
    print("// clang-format off")
    print("const uint8_t route_words_levels[ROUTE_WORDS_BYTES] = {")
    for at in range(0, len(table), BYTES_IN_LINE):
        print("    " + " ".join(f"0x{byte:02x}," for byte in table[at : at + BYTES_IN_LINE]))
    print("};")


main()
