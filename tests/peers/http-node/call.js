// The Node client of the end-to-end tests, by fetch. Usage: node call.js URL COUNT METHOD [BODY]
'use strict';

async function main([url, count, method, body]) {
    for (let i = 0; i < parseInt(count, 10); i++) {
        const response = await fetch(url, { method, body });
        const content = await response.arrayBuffer();
        console.log(response.status, content.byteLength);
    }
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
