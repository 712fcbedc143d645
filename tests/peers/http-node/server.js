// The Node peer of the end-to-end tests: the endpoints of tests/peers/README.md. Usage: node server.js PORT
'use strict';
const http = require('http');

const LARGE = Buffer.alloc(1 << 20, 'x');

function fixed(response, status, body) {
    response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
}

// '200ms' or '1s', in milliseconds.
function duration(text) {
    return text.endsWith('ms') ? parseInt(text, 10) : parseFloat(text) * 1000;
}

function chunked(response) {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    for (let i = 0; i < 3; i++)
        response.write(`chunk-${i}\n`);
    response.end();
}

function answer(request, response, body) {
    const url = new URL(request.url, 'http://localhost');
    const [, first, second] = url.pathname.split('/');
    const delay = first === 'delay' ? second : url.searchParams.get('delay');
    const status = first === 'status' ? second : url.searchParams.get('status');
    const reply = () => {
        if (status)
            return fixed(response, parseInt(status, 10), status + '\n');
        switch (first) {
        case 'hello':
        case 'delay':
            return fixed(response, 200, 'hello\n');
        case 'post':
            return fixed(response, 200, '');
        case 'echo':
            return fixed(response, 200, body);
        case 'chunked':
            return chunked(response);
        case 'large':
            return fixed(response, 200, LARGE);
        default:
            return fixed(response, 404, '404\n');
        }
    };
    if (delay)
        setTimeout(reply, duration(delay));
    else
        reply();
}

http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => answer(request, response, Buffer.concat(pieces)));
}).listen(parseInt(process.argv[2], 10), '127.0.0.1');
